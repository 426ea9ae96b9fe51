import type { IncomingHttpHeaders } from 'node:http'
import type { Millis } from '../ownership/window.ts'
import { ApiRefusal } from './ec2-protocol.ts'

/** Whose request it is, and which region it was signed for. */
export type Caller = {
  readonly accessKeyId: string
  readonly account: string
  readonly arn: string
  readonly region: string
}

export type SimulatedRole = {
  /** Accounts whose credentials may assume it. */
  readonly trusts: readonly string[]
  readonly externalId: string | null
}

export type Session = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly arn: string
  readonly roleId: string
  readonly expiresAtMs: Millis
}

export type Directory = {
  /** Account by access key id. */
  readonly keys?: Readonly<Record<string, string>>
  /** The account of every other key; without it other keys are refused. */
  readonly anyKey?: string
  /** By ARN. */
  readonly roles?: Readonly<Record<string, SimulatedRole>>
}

/** Keys, roles and sessions. Signatures are not checked: whoever names a key has it. */
export class Identities {
  readonly #directory: Directory
  readonly #now: () => Millis
  readonly #sessions = new Map<string, Session>()

  constructor(directory: Directory, now: () => Millis) {
    this.#directory = directory
    this.#now = now
  }

  /** @throws ApiRefusal */
  callerOf(headers: IncomingHttpHeaders): Caller {
    const signed = /Credential=([^/,]+)\/\d+\/([^/]+)\//.exec(headers.authorization ?? '')
    const [, accessKeyId = '', region = ''] = signed ?? []
    const session = this.#sessions.get(accessKeyId)
    if (session !== undefined) {
      if (session.expiresAtMs <= this.#now()) throw new ApiRefusal('RequestExpired', 'Request has expired.')
      if (headers['x-amz-security-token'] !== session.sessionToken)
        throw new ApiRefusal('AuthFailure', 'The session token is not that of the key.', 401)
      return { accessKeyId, account: accountOf(session.arn), arn: session.arn, region }
    }
    const { keys = {}, anyKey } = this.#directory
    const account = Object.hasOwn(keys, accessKeyId) ? keys[accessKeyId] : anyKey
    if (account === undefined)
      throw new ApiRefusal('AuthFailure', 'AWS was not able to validate the provided access credentials', 401)
    return { accessKeyId, account, arn: `arn:aws:iam::${account}:user/simulated`, region }
  }

  /** @throws ApiRefusal with AccessDenied, the same for a role that is not there and one that does not trust the caller */
  assume(caller: Caller, roleArn: string, name: string, externalId: string | null, seconds: number): Session {
    const role = this.#directory.roles?.[roleArn]
    if (!role?.trusts.includes(caller.account) || (role.externalId !== null && role.externalId !== externalId)) {
      const message = `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`
      throw new ApiRefusal('AccessDenied', message, 403)
    }
    const number = String(this.#sessions.size + 1).padStart(6, '0')
    const session = {
      accessKeyId: `ASIASIMULATED${number}`,
      secretAccessKey: `secret-${number}`,
      sessionToken: `token-${number}`,
      arn: `arn:aws:sts::${accountOf(roleArn)}:assumed-role/${roleArn.split('/').at(-1)}/${name}`,
      roleId: `AROASIMULATED:${name}`,
      expiresAtMs: this.#now() + seconds * 1000,
    }
    this.#sessions.set(session.accessKeyId, session)
    return session
  }
}

const accountOf = (arn: string): string => arn.split(':')[4] ?? ''
