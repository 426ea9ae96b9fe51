import { open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Millis } from '../../ownership/window.ts'
import { reasonOf } from '../../runtime/errors.ts'
import { changestreamErrors } from '../errors.ts'
import { loggedChangeSchema } from '../schemas.ts'
import { blockAt, type Header, newHeader, parseHeader } from './container.ts'
import { isErrno, MADE_ASIDE, replaceFile } from './durable.ts'
import {
  type Carried,
  firstOffsetOf,
  isCarriedFile,
  isSegmentFile,
  type ListedSegment,
  MANIFEST,
  type Manifest,
  manifestMissing,
  readManifest,
  type Segment,
  segmentFile,
  writeManifest,
} from './manifest.ts'
import { tailOf } from './tail.ts'

/** What a killed writer left behind the last whole block: never acknowledged, now cut off. */
export type TornTail = { readonly file: string; readonly bytes: number; readonly keptRecords: number }

export type Recovered = {
  readonly segments: Segment[]
  readonly carried: Carried | undefined
  /** Of the last segment, the one that is appended to. */
  readonly header: Header
  /** When the last segment's first and last blocks were logged; undefined where it has none. */
  readonly loggedAt: { readonly firstMs: Millis; readonly lastMs: Millis } | undefined
}

/**
 * Brings the folder to a state in which every listed segment is there and the last one ends with a whole block.
 * @throws WHOHAD_STREAM_SEGMENT_MISSING, …_SEGMENT_DAMAGED, …_MANIFEST_DAMAGED; then nothing was changed.
 */
export async function recover(folder: string, onTornTail: (torn: TornTail) => void): Promise<Recovered> {
  const manifest = await readManifest(folder)
  const leftovers = await leftoversIn(folder, manifest)
  if (manifest === undefined) {
    await remove(folder, leftovers)
    return { ...(await addSegment(folder, [], undefined)), carried: undefined, loggedAt: undefined }
  }
  const { carried } = manifest
  const sealed = await checkListed(folder, manifest)
  const last = manifest.segments.at(-1) as ListedSegment
  const { segment, header, tornBytes, loggedAt } = await scanLast(folder, last)
  await remove(folder, leftovers)
  if (tornBytes > 0) {
    const path = join(folder, segment.file)
    await cutBack(path, segment.bytes)
    onTornTail({ file: path, bytes: tornBytes, keptRecords: segment.records })
  }
  const segments = [...sealed, segment]
  if (header.reader.isOurs) return { segments, header, carried, loggedAt }
  return { ...(await addSegment(folder, segments, carried)), carried, loggedAt: undefined }
}

/**
 * Lists the last segment as sealed and begins the next: first the file, then the manifest that lists it. What was passed in
 * stays as it is, so that readers learn of the seal and of the successor in one step of the caller's. After a failure
 * it can be done again, as long as nothing was appended meanwhile.
 */
export async function addSegment(
  folder: string,
  segments: readonly Segment[],
  carried: Carried | undefined,
): Promise<Pick<Recovered, 'segments' | 'header'>> {
  const last = segments.at(-1)
  const firstOffset = last ? last.firstOffset + last.records : 0
  const file = segmentFile(firstOffset)
  const bytes = newHeader(loggedChangeSchema, 'deflate')
  // A last segment without records begins at the same offset, and so is the file that its successor replaces.
  const sealed = segments.filter(old => old.file !== file).map(old => ({ ...old, sealed: true }))
  await replaceFile(folder, file, bytes)
  const next = [...sealed, { file, firstOffset, records: 0, bytes: bytes.length, sealed: false }]
  await writeManifest(folder, next, carried)
  return { segments: next, header: parseHeader(bytes) }
}

/**
 * Files that a killed process made or was about to remove: the beginning of a segment that no manifest lists yet, what
 * retention carried or let go of, and what was never renamed.
 * @throws WHOHAD_STREAM_MANIFEST_DAMAGED where a segment with records is not listed and not let go of.
 */
async function leftoversIn(folder: string, manifest: Manifest | undefined): Promise<readonly string[]> {
  const { segments = [], carried } = manifest ?? {}
  const listed = new Set([carried?.file, ...segments.map(({ file }) => file)])
  const before = carried ? (segments[0]?.firstOffset ?? 0) : 0
  const leftovers: string[] = []
  for (const name of await readdir(folder)) {
    if (listed.has(name)) continue
    if (name.endsWith(MADE_ASIDE) || isCarriedFile(name)) leftovers.push(name)
    if (!isSegmentFile(name)) continue
    const isLetGo = firstOffsetOf(name) < before
    if (!isLetGo && (await hasBlocks(join(folder, name))))
      throw manifest ? unlisted(folder, name) : manifestMissing(folder)
    leftovers.push(name)
  }
  return leftovers
}

async function remove(folder: string, files: readonly string[]): Promise<void> {
  for (const file of files) await rm(join(folder, file), { force: true })
}

const unlisted = (folder: string, file: string) =>
  changestreamErrors.manifestDamaged({
    file: join(folder, MANIFEST),
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

async function checkListed(folder: string, { segments, carried }: Manifest): Promise<Segment[]> {
  if (carried) await checkSize(folder, carried.file, carried.bytes)
  const sealed: Segment[] = []
  for (const { file, firstOffset, records = 0, bytes = 0 } of segments.slice(0, -1)) {
    await checkSize(folder, file, bytes)
    sealed.push({ file, firstOffset, records, bytes, sealed: true })
  }
  return sealed
}

async function checkSize(folder: string, file: string, bytes: number): Promise<void> {
  const found = await sizeOf(folder, file)
  if (found === bytes) return
  throw changestreamErrors.segmentDamaged({
    file: join(folder, file),
    reason: `it has ${found} bytes, but manifest.json says ${bytes}`,
  })
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
export async function survey(folder: string): Promise<Pick<Recovered, 'segments' | 'carried'>> {
  const manifest = await readManifest(folder)
  if (manifest === undefined) {
    await leftoversIn(folder, manifest)
    return { segments: [], carried: undefined }
  }
  try {
    const sealed = await checkListed(folder, manifest)
    const { segment } = await scanLast(folder, manifest.segments.at(-1) as ListedSegment)
    return { segments: [...sealed, segment], carried: manifest.carried }
  } catch (error) {
    // The writer may have begun another segment or let go of some between the manifest and its files.
    if (JSON.stringify(await readManifest(folder)) !== JSON.stringify(manifest)) return survey(folder)
    throw error
  }
}

/** The last segment up to its last whole block, and how many bytes are behind that. */
async function scanLast(folder: string, { file, firstOffset }: ListedSegment) {
  await sizeOf(folder, file)
  const path = join(folder, file)
  const bytes = await readFile(path)
  const header = headerOf(path, bytes)
  let tail: ReturnType<typeof tailOf>
  try {
    tail = tailOf(bytes, header)
  } catch (error) {
    throw changestreamErrors.segmentDamaged({ file: path, reason: reasonOf(error) }, error)
  }
  const segment: Segment = { file, firstOffset, records: tail.records, bytes: tail.end, sealed: false }
  const firstMs = tail.first && header.reader.loggedAtMs(header.unpack(tail.first.data))
  const lastMs = tail.last && header.reader.loggedAtMs(header.unpack(tail.last.data))
  const loggedAt = firstMs !== undefined && lastMs !== undefined ? { firstMs, lastMs } : undefined
  return { segment, header, tornBytes: bytes.length - tail.end, loggedAt }
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
