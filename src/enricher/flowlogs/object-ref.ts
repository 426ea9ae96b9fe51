import { createHash } from 'node:crypto'
import type { Millis } from '../../ownership/window.ts'

/** A flow log object as a listing shows it: the unit of exactly-once. A file has no bucket, and its content's hash as etag. */
export type FlowObjectRef = {
  readonly bucket: string
  readonly key: string
  readonly etag: string
  readonly sizeBytes: number
}

/** 32 hexadecimal digits of SHA-256 over bucket, key and etag. An object that is written anew is another object. */
export const objectIdOf = ({ bucket, key, etag }: FlowObjectRef): string =>
  createHash('sha256')
    .update(JSON.stringify([bucket, key, etag]))
    .digest('hex')
    .slice(0, 32)

export const objectName = ({ bucket, key }: Pick<FlowObjectRef, 'bucket' | 'key'>): string =>
  bucket === '' ? key : `s3://${bucket}/${key}`

/** AWS names a file by the 5-minute window that the *ends* of its records lie in (Amazon VPC user guide, "Flow log files"). */
export const FILE_WINDOW_MS = 5 * 60_000
const NAMED = /_[a-z-]*flowlogs_([a-z0-9-]+)_fl-[0-9a-z]+_(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})Z_[^/]*$/

export type KeyParts = {
  readonly region: string
  /** The window [oldestEndMs, newestEndMs) that the records' ends lie in. */
  readonly oldestEndMs: Millis
  readonly newestEndMs: Millis
}

/** What the object's file name says, text or Parquet, of a VPC or a transit gateway; undefined for a name of another form. */
export function partsOfKey(key: string): KeyParts | undefined {
  const match = NAMED.exec(key)
  if (match === null) return undefined
  const [year, month, day, hour, minute] = match.slice(2, 7).map(Number) as [number, number, number, number, number]
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59) return undefined
  const oldestEndMs = Date.UTC(year, month - 1, day, hour, minute)
  return { region: match[1] ?? '', oldestEndMs, newestEndMs: oldestEndMs + FILE_WINDOW_MS }
}
