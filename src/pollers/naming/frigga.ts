/** What an Auto Scaling group's or cluster's name says, by Netflix' convention. */
export type FriggaName = {
  readonly app: string
  readonly stack: string | null
  readonly detail: string | null
  readonly sequence: number | null
  readonly cluster: string
}

/** Three to six digits make a push number; with fewer or more the whole name is the cluster. */
const PUSH = /^([a-zA-Z0-9._~^-]*)-v(\d{3,6})$/
const CLUSTER = /^([a-zA-Z0-9._]+)(?:-([a-zA-Z0-9._]*)(?:-([a-zA-Z0-9._~^-]*))?)?$/

/**
 * `app-stack-detail-vNNN` as Netflix/frigga's Names.java reads it: app ends at the first "-", stack at the second, either
 * of stack and detail may be empty. Undefined where the name does not follow the grammar.
 */
export function parseFriggaName(name: string): FriggaName | undefined {
  const push = PUSH.exec(name)
  const cluster = push ? (push[1] ?? '') : name
  const parts = CLUSTER.exec(cluster)
  const app = parts?.[1]
  if (app === undefined) return undefined
  return {
    app,
    stack: parts?.[2] || null,
    detail: parts?.[3] || null,
    sequence: push ? Number(push[2]) : null,
    cluster,
  }
}

/** The cluster's name from its parts (NameBuilder.java): an empty stack is kept where a detail follows. */
export function friggaCluster(app: string, stack: string | null, detail: string | null): string {
  if (detail) return `${app}-${stack ?? ''}-${detail}`
  return stack ? `${app}-${stack}` : app
}
