import { open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { reasonOf } from '../../runtime/errors.ts'
import { changestreamErrors } from '../errors.ts'
import { blockAt, type Header, newHeader, parseHeader } from './container.ts'
import { createFile, isErrno, replaceFile } from './durable.ts'
import {
  isSegmentFile,
  type ListedSegment,
  manifestMissing,
  readManifest,
  type Segment,
  segmentFile,
  writeManifest,
} from './manifest.ts'

/** What a killed writer left behind the last whole block: never acknowledged, now cut off. */
export type TornTail = { readonly file: string; readonly bytes: number; readonly keptRecords: number }

export type Recovered = {
  readonly segments: Segment[]
  /** Of the last segment, the one that is appended to. */
  readonly header: Header
}

/**
 * Brings the folder to a state in which every listed segment is there and the last one ends with a whole block.
 * @throws WHOHAD_STREAM_SEGMENT_MISSING, …_SEGMENT_DAMAGED, …_MANIFEST_DAMAGED; then nothing was changed.
 */
export async function recover(folder: string, onTornTail: (torn: TornTail) => void): Promise<Recovered> {
  const listed = await readManifest(folder)
  const unlisted = await unlistedSegments(folder, listed ?? [])
  for (const file of unlisted) {
    if (await hasBlocks(join(folder, file))) throw listed ? unlistedError(folder, file) : manifestMissing(folder)
  }
  // A file without a block is left of a roll (or a first start) that was killed before the manifest listed it.
  for (const file of unlisted) await rm(join(folder, file))
  if (listed === undefined) return addSegment(folder, [])
  const segments: Segment[] = []
  for (const segment of listed.slice(0, -1)) segments.push(await checkSealed(folder, segment))
  const last = listed.at(-1) as ListedSegment
  const { segment, header } = await recoverLast(folder, last, onTornTail)
  segments.push(segment)
  if (header.isOurs) return { segments, header }
  return addSegment(folder, segments)
}

/**
 * Lists the last segment as sealed and begins the next: first the file, then the manifest that lists it. What was passed in
 * stays as it is, so that readers learn of the seal and of the successor in one step of the caller's.
 */
export async function addSegment(folder: string, segments: readonly Segment[]): Promise<Recovered> {
  const last = segments.at(-1)
  const firstOffset = last ? last.firstOffset + last.records : 0
  const file = segmentFile(firstOffset)
  const bytes = newHeader()
  const sealed = segments.filter(old => old.file !== file).map(old => ({ ...old, sealed: true }))
  // A last segment without records begins at the same offset, and so is the file that its successor replaces.
  await (last?.file === file ? replaceFile(folder, file, bytes) : createFile(folder, file, bytes))
  const next = [...sealed, { file, firstOffset, records: 0, bytes: bytes.length, sealed: false }]
  await writeManifest(folder, next)
  return { segments: next, header: parseHeader(bytes) }
}

async function unlistedSegments(folder: string, listed: readonly ListedSegment[]): Promise<string[]> {
  const known = new Set(listed.map(({ file }) => file))
  return (await readdir(folder)).filter(name => isSegmentFile(name) && !known.has(name))
}

const unlistedError = (folder: string, file: string) =>
  changestreamErrors.manifestDamaged({
    file: join(folder, 'manifest.json'),
    reason: `it does not list ${file}, which has records`,
  })

async function hasBlocks(path: string): Promise<boolean> {
  const bytes = await readFile(path)
  try {
    const header = parseHeader(bytes)
    return blockAt(bytes, header.bytes, header.sync).kind === 'whole'
  } catch {
    return false // not even a header
  }
}

async function checkSealed(folder: string, listed: ListedSegment): Promise<Segment> {
  const { file, firstOffset, records = 0, bytes = 0 } = listed
  const found = await sizeOf(folder, file)
  if (found !== bytes) {
    throw changestreamErrors.segmentDamaged({
      file: join(folder, file),
      reason: `it has ${found} bytes, but manifest.json says ${bytes}`,
    })
  }
  return { file, firstOffset, records, bytes, sealed: true }
}

async function sizeOf(folder: string, file: string): Promise<number> {
  try {
    return (await stat(join(folder, file))).size
  } catch (error) {
    if (isErrno(error, 'ENOENT')) throw changestreamErrors.segmentMissing({ file, folder }, error)
    throw error
  }
}

/**
 * The whole blocks that the folder holds now, for a reader beside a writer: nothing is locked and nothing is changed. What
 * is behind the last whole block is on its way, or torn; either way it was not acknowledged.
 * @throws WHOHAD_STREAM_SEGMENT_MISSING, …_SEGMENT_DAMAGED, …_MANIFEST_DAMAGED
 */
export async function survey(folder: string): Promise<readonly Segment[]> {
  const listed = await readManifest(folder)
  if (listed === undefined) {
    if ((await unlistedSegments(folder, [])).length > 0) throw manifestMissing(folder)
    return []
  }
  const last = listed.at(-1)
  const sealed = await Promise.all(listed.slice(0, -1).map(segment => checkSealed(folder, segment)))
  return last ? [...sealed, (await scanLast(folder, last)).segment] : []
}

async function recoverLast(
  folder: string,
  last: ListedSegment,
  onTornTail: (torn: TornTail) => void,
): Promise<{ segment: Segment; header: Header }> {
  const { segment, header, tornBytes } = await scanLast(folder, last)
  const path = join(folder, segment.file)
  if (tornBytes > 0) {
    await cutBack(path, segment.bytes)
    onTornTail({ file: path, bytes: tornBytes, keptRecords: segment.records })
  }
  return { segment, header }
}

/** The last segment up to its last whole block, and how many bytes are behind that. */
async function scanLast(
  folder: string,
  { file, firstOffset }: ListedSegment,
): Promise<{ segment: Segment; header: Header; tornBytes: number }> {
  await sizeOf(folder, file)
  const path = join(folder, file)
  const bytes = await readFile(path)
  const header = headerOf(path, bytes)
  let end = header.bytes
  let records = 0
  while (end < bytes.length) {
    const block = blockAt(bytes, end, header.sync)
    if (block.kind !== 'whole') break
    end = block.next
    records += block.count
  }
  if (end < bytes.length) {
    // A write that was cut short leaves no end marker behind it. Where one follows, records that were acknowledged may be
    // there, and cutting them off would lose them silently.
    if (bytes.indexOf(header.sync, end) >= 0) {
      throw changestreamErrors.segmentDamaged({ file: path, reason: `the block at byte ${end} cannot be read` })
    }
  }
  return {
    segment: { file, firstOffset, records, bytes: end, sealed: false },
    header,
    tornBytes: bytes.length - end,
  }
}

async function cutBack(path: string, end: number): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.truncate(end)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** @throws WHOHAD_STREAM_SEGMENT_DAMAGED */
export function headerOf(path: string, bytes: Buffer): Header {
  try {
    return parseHeader(bytes)
  } catch (error) {
    throw changestreamErrors.segmentDamaged({ file: path, reason: reasonOf(error) }, error)
  }
}
