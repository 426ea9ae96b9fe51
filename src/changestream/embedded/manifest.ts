import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { reasonOf } from '../../runtime/errors.ts'
import { changestreamErrors } from '../errors.ts'
import { isErrno, replaceFile } from './durable.ts'

/** One segment file. While the log appends to it, readers may read `bytes` and no more. */
export type Segment = {
  readonly file: string
  readonly firstOffset: number
  /** Durable records. */
  records: number
  /** Durable bytes, header included. */
  bytes: number
  /** Nothing is appended any more. */
  sealed: boolean
}

/** What manifest.json says of a segment: the counts are there once it is sealed. */
export type ListedSegment = {
  readonly file: string
  readonly firstOffset: number
  readonly records?: number
  readonly bytes?: number
}

const MANIFEST = 'manifest.json'
const VERSION = 1

/** Named by the first offset, so that a listing of the folder is in order. */
export const segmentFile = (firstOffset: number): string => `${String(firstOffset).padStart(16, '0')}.avro`

export const isSegmentFile = (name: string): boolean => /^\d{16}\.avro$/.test(name)

/** The listed segments in order, or undefined where there is no manifest. */
export async function readManifest(folder: string): Promise<readonly ListedSegment[] | undefined> {
  const file = join(folder, MANIFEST)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
  try {
    return parseManifest(text)
  } catch (error) {
    throw changestreamErrors.manifestDamaged({ file, reason: reasonOf(error) }, error)
  }
}

export const manifestMissing = (folder: string) =>
  changestreamErrors.manifestDamaged({
    file: join(folder, MANIFEST),
    reason: 'it is missing, though segments are there',
  })

function parseManifest(text: string): readonly ListedSegment[] {
  const { version, segments } = JSON.parse(text) as { version?: unknown; segments?: unknown }
  if (version !== VERSION) throw new Error(`version ${JSON.stringify(version)} is not ${VERSION}`)
  if (!Array.isArray(segments) || segments.length === 0) throw new Error('it lists no segments')
  let offset: number | undefined
  for (const [i, segment] of (segments as ListedSegment[]).entries()) {
    const { file, firstOffset, records, bytes } = segment
    if (!isSegmentFile(file) || !isCount(firstOffset)) throw new Error(`segment ${i} has no file or no first offset`)
    if (offset !== undefined && firstOffset !== offset) throw new Error(`${file} does not begin at offset ${offset}`)
    const isLast = i === segments.length - 1
    if (!isLast && (!isCount(records) || !isCount(bytes))) throw new Error(`${file} has no size`)
    offset = firstOffset + (records ?? 0)
  }
  return segments as ListedSegment[]
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

export const writeManifest = (folder: string, segments: readonly Segment[]): Promise<void> => {
  const listed = segments.map(
    ({ file, firstOffset, records, bytes, sealed }): ListedSegment =>
      sealed ? { file, firstOffset, records, bytes } : { file, firstOffset },
  )
  return replaceFile(folder, MANIFEST, `${JSON.stringify({ version: VERSION, segments: listed }, null, 2)}\n`)
}
