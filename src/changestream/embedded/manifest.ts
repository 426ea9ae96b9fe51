import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Revision } from '../../ownership/claim.ts'
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

/** What outlived the segments before the first one that is listed. */
export type Carried = {
  readonly file: string
  readonly records: number
  readonly bytes: number
  /** By source: older claims than this were in the log before, and are not taken again. */
  readonly floors: Readonly<Record<string, Revision>>
}

/** What manifest.json says of a segment: the counts are there once it is sealed. */
export type ListedSegment = {
  readonly file: string
  readonly firstOffset: number
  readonly records?: number
  readonly bytes?: number
}

export type Manifest = { readonly segments: readonly ListedSegment[]; readonly carried?: Carried }

export const MANIFEST = 'manifest.json'
/** A log that has let go of nothing is written as the first version was, so that an older whohad can still read it. */
const VERSION = { whole: 1, carrying: 2 } as const

/** Named by the first offset, so that a listing of the folder is in order. */
export const segmentFile = (firstOffset: number): string => `${String(firstOffset).padStart(16, '0')}.avro`

export const isSegmentFile = (name: string): boolean => /^\d{16}\.avro$/.test(name)

/** Named by the offset before which it is all that is left. */
export const carriedFile = (before: number): string => `carried-${segmentFile(before)}`

export const isCarriedFile = (name: string): boolean => /^carried-\d{16}\.avro$/.test(name)

/** The first offset that a segment of this name has. */
export const firstOffsetOf = (file: string): number => Number.parseInt(file, 10)

/** The listed segments in order, or undefined where there is no manifest. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
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

function parseManifest(text: string): Manifest {
  const { version, segments, carried } = JSON.parse(text) as {
    version?: unknown
    segments?: unknown
    carried?: Carried
  }
  const wanted = carried === undefined ? VERSION.whole : VERSION.carrying
  if (version !== wanted) throw new Error(`version ${JSON.stringify(version)} is not ${wanted}`)
  if (!Array.isArray(segments) || segments.length === 0) throw new Error('it lists no segments')
  if (carried !== undefined) checkCarried(carried)
  let offset: number | undefined
  for (const [i, segment] of (segments as ListedSegment[]).entries()) {
    const { file, firstOffset, records, bytes } = segment
    if (!isSegmentFile(file) || !isCount(firstOffset)) throw new Error(`segment ${i} has no file or no first offset`)
    if (offset !== undefined && firstOffset !== offset) throw new Error(`${file} does not begin at offset ${offset}`)
    const isLast = i === segments.length - 1
    if (!isLast && (!isCount(records) || !isCount(bytes))) throw new Error(`${file} has no size`)
    offset = firstOffset + (records ?? 0)
  }
  return { segments: segments as ListedSegment[], ...(carried && { carried }) }
}

function checkCarried({ file, records, bytes, floors }: Partial<Carried>): void {
  if (!isCarriedFile(String(file)) || !isCount(records) || !isCount(bytes))
    throw new Error('what it carries has no size')
  if (typeof floors !== 'object' || floors === null) throw new Error('what it carries has no revisions')
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

export const writeManifest = (
  folder: string,
  segments: readonly Segment[],
  carried: Carried | undefined,
): Promise<void> => {
  const listed = segments.map(
    ({ file, firstOffset, records, bytes, sealed }): ListedSegment =>
      sealed ? { file, firstOffset, records, bytes } : { file, firstOffset },
  )
  const version = carried ? VERSION.carrying : VERSION.whole
  return replaceFile(folder, MANIFEST, `${JSON.stringify({ version, carried, segments: listed }, null, 2)}\n`)
}
