import type { Folders } from '../../src/enricher/flowlogs/list-window.ts'
import type { FlowObjectRef } from '../../src/enricher/flowlogs/object-ref.ts'

/** A bucket in memory that lists by prefix and delimiter as S3 does, and counts what it is asked. */
export function folderBucket(keys: Iterable<string> = []) {
  const objects = new Map<string, FlowObjectRef>()
  const asked: string[] = []
  let writes = 0
  const put = (key: string): FlowObjectRef => {
    const object = { bucket: 'memory', key, etag: `e${writes++}`, sizeBytes: 1 }
    objects.set(key, object)
    return object
  }
  for (const key of keys) put(key)
  const under = (prefix: string) => [...objects.values()].filter(({ key }) => key.startsWith(prefix))
  const bucket: { -readonly [Verb in keyof Folders]: Folders[Verb] } = {
    async *list(_signal, prefix = '') {
      asked.push(prefix)
      yield* under(prefix)
    },
    async *level(prefix) {
      asked.push(`${prefix}*`)
      const folders = new Set<string>()
      for (const object of under(prefix)) {
        const slash = object.key.indexOf('/', prefix.length)
        if (slash < 0) yield object
        else folders.add(object.key.slice(0, slash + 1))
      }
      for (const folder of folders) yield { folder }
    },
  }
  return { bucket, put, remove: (key: string) => objects.delete(key), keys: () => [...objects.keys()], asked }
}

const two = (n: number) => String(n).padStart(2, '0')

export type KeyForm = {
  readonly prefix: string
  readonly organisation: boolean
  readonly account: string
  readonly region: string
  readonly layout: 'day' | 'hour' | 'hive' | 'hive-hour'
  readonly suffix: '.log.gz' | '.log.parquet'
}

/** The key of a file with the records of the window that begins at `windowMs`, made at `madeMs`. */
export function flowLogKey(form: KeyForm, windowMs: number, madeMs: number, hash: string): string {
  const { prefix, organisation, account, region, layout, suffix } = form
  const made = new Date(madeMs)
  const [year, month, day, hour] = [
    String(made.getUTCFullYear()),
    two(made.getUTCMonth() + 1),
    two(made.getUTCDate()),
    two(made.getUTCHours()),
  ]
  const isHive = layout.startsWith('hive')
  const place = isHive
    ? `aws-account-id=${account}/aws-service=vpcflowlogs/aws-region=${region}/year=${year}/month=${month}/day=${day}/`
    : `${account}/vpcflowlogs/${region}/${year}/${month}/${day}/`
  const hours = layout === 'hour' ? `${hour}/` : layout === 'hive-hour' ? `hour=${hour}/` : ''
  const stamp = new Date(windowMs).toISOString().replaceAll(/[-:]/g, '').slice(0, 13)
  return `${prefix}AWSLogs/${organisation ? 'o-a1b2c3d4e5/' : ''}${place}${hours}${account}_vpcflowlogs_${region}_fl-0a1b_${stamp}Z_${hash}${suffix}`
}
