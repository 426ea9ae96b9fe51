import { reasonOf } from '../../runtime/errors.ts'

/** An object as a message names it. */
export type NamedObject = {
  readonly bucket: string
  readonly key: string
  /** Missing where the message does not say, as `sizeBytes` is 0 then. */
  readonly etag?: string
  readonly sizeBytes: number
  /** Orders the events of one key, and of no two; see `isAfter`. */
  readonly sequencer?: string
}

/** No objects where it is about something else: a test event, a deletion. */
export type ReadMessage =
  | { readonly objects: readonly NamedObject[]; readonly unreadable?: never }
  | { readonly objects?: never; readonly unreadable: string }

/**
 * Reads a message that says which objects are new, in the form in which S3 sends it to a queue, itself or through SNS or
 * EventBridge, or as {bucket, key, etag?, size?} as anybody may write it. Of S3's events only those of created objects count.
 * (Amazon S3 user guide, "Event message structure"; versions 2.x, of which newer ones only add fields.)
 */
export function readMessage(text: string): ReadMessage {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch (error) {
    return { unreadable: `it is not JSON: ${reasonOf(error)}` }
  }
  const { Type, Message } = asTree(message) ?? {}
  // SNS wraps what it passes on as text, unless it is told to deliver it raw.
  if (Type === 'Notification' && typeof Message === 'string') return readMessage(Message)
  return readEvent(message)
}

type Tree = Readonly<Record<string, unknown>>

function readEvent(message: unknown): ReadMessage {
  const tree = asTree(message)
  if (tree === undefined) return { unreadable: 'it is not a JSON object' }
  if (tree['Event'] === 's3:TestEvent') return { objects: [] }
  if (Array.isArray(tree['Records'])) return readRecords(tree['Records'])
  const { source, detail, 'detail-type': kind } = tree
  if (source === 'aws.s3' && typeof kind === 'string')
    return kind === 'Object Created' ? one(namedIn(asTree(detail), asIs)) : { objects: [] }
  return one(plainlyNamed(tree))
}

function readRecords(records: readonly unknown[]): ReadMessage {
  const objects: NamedObject[] = []
  for (const record of records) {
    const { eventName, s3, eventVersion } = asTree(record) ?? {}
    if (typeof eventName !== 'string') return { unreadable: 'a record of it has no eventName' }
    if (!eventName.replace(/^s3:/, '').startsWith('ObjectCreated:')) continue
    if (typeof eventVersion === 'string' && !eventVersion.startsWith('2.'))
      return { unreadable: `its eventVersion is ${eventVersion}, not 2` }
    const named = namedIn(asTree(s3), fromForm)
    if (typeof named === 'string') return { unreadable: named }
    objects.push(named)
  }
  return { objects }
}

const one = (named: NamedObject | string): ReadMessage =>
  typeof named === 'string' ? { unreadable: named } : { objects: [named] }

/** The bucket and object that an event of S3 has; a string says what is wrong with it. */
function namedIn(event: Tree | undefined, keyOf: (text: string) => string | undefined): NamedObject | string {
  const { name } = asTree(event?.['bucket']) ?? {}
  const { key, size, eTag, etag = eTag, sequencer } = asTree(event?.['object']) ?? {}
  if (typeof name !== 'string' || name === '') return 'it names no bucket'
  if (typeof key !== 'string' || key === '') return 'it names no key'
  const decoded = keyOf(key)
  if (decoded === undefined) return 'its key is not encoded as in a form'
  return {
    bucket: name,
    key: decoded,
    ...etagOf(etag),
    sizeBytes: sizeOf(size),
    ...(typeof sequencer === 'string' && { sequencer }),
  }
}

function plainlyNamed({ bucket, key, etag, size }: Tree): NamedObject | string {
  if (typeof bucket !== 'string' || bucket === '' || typeof key !== 'string' || key === '')
    return 'it is no event of S3, and has no bucket and key'
  return { bucket, key, ...etagOf(etag), sizeBytes: sizeOf(size) }
}

const asTree = (value: unknown): Tree | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Tree) : undefined

const asIs = (text: string): string => text

/** Keys in S3's own events are encoded as in a form: a space is +, and = of Hive's folders is %3D. */
function fromForm(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', '%20'))
  } catch {
    return undefined
  }
}

const etagOf = (etag: unknown): { readonly etag?: string } =>
  typeof etag === 'string' && etag !== '' ? { etag: etag.replaceAll('"', '') } : {}

const sizeOf = (size: unknown): number =>
  typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : 0

/** Whether one event of a key is of a later time than another: hexadecimal, the shorter one filled up with zeros on its right. */
export function isAfter(one: string, other: string): boolean {
  const length = Math.max(one.length, other.length)
  return one.toUpperCase().padEnd(length, '0') > other.toUpperCase().padEnd(length, '0')
}
