import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { blockAt } from './container.ts'
import { isErrno } from './durable.ts'
import { LogFolder } from './folder.ts'
import { MANIFEST, type Segment } from './manifest.ts'
import { headerOf, survey } from './recovery.ts'
import { readAt } from './segment-cursor.ts'

/** The last segment, as long as the manifest names no other: its file, and what ends each of its blocks. */
type Last = { readonly segment: Segment; readonly inode: number; readonly sync: Buffer }

const LARGEST_HEADER_BYTES = 1 << 20

/**
 * A folder that another process writes, kept up with. It takes no lock and changes nothing. Of what was appended only the new
 * bytes are read; the whole last segment is surveyed at the beginning, and after each change of the manifest.
 */
export class FollowedFolder {
  readonly folder: LogFolder
  private last: Last | undefined
  private manifest: string

  private constructor(folder: LogFolder, manifest: string) {
    this.folder = folder
    this.manifest = manifest
  }

  /** @throws WHOHAD_STREAM_SEGMENT_MISSING, …_SEGMENT_DAMAGED, …_MANIFEST_DAMAGED */
  static async open(path: string): Promise<FollowedFolder> {
    const manifest = await identityOf(join(path, MANIFEST)) // before the survey: what comes between is looked at again
    const { segments, carried } = await survey(path)
    const followed = new FollowedFolder(new LogFolder(path, segments, carried), manifest)
    await followed.findLast()
    return followed
  }

  /** Takes in what was appended, sealed or let go of meanwhile, and wakes who reads. @throws as `open` */
  async refresh(): Promise<void> {
    const manifest = await identityOf(join(this.folder.path, MANIFEST))
    if (manifest !== this.manifest || !(await this.grow())) {
      this.manifest = manifest
      await this.surveyAnew()
    }
    this.folder.grown.wake()
  }

  /** False where the last segment's file is not the one that was read. */
  private async grow(): Promise<boolean> {
    const { last } = this
    if (last === undefined) return this.folder.segments.length === 0
    const { segment, inode, sync } = last
    const path = join(this.folder.path, segment.file)
    const found = await stat(path).catch(ifMissing(undefined))
    if (found?.ino !== inode || found.size < segment.bytes) return false
    if (found.size === segment.bytes) return true
    const file = await open(path, 'r')
    try {
      const bytes = await readAt(file, segment.bytes, found.size - segment.bytes)
      const { records, end } = wholeBlocks(bytes, sync)
      segment.records += records
      segment.bytes += end
    } finally {
      await file.close()
    }
    return true
  }

  /** Those that are known stay the same objects: readers hold them, and learn from them that no more will come. */
  private async surveyAnew(): Promise<void> {
    const { folder, last } = this
    const { segments, carried } = await survey(folder.path)
    const replaced =
      last && last.inode !== (await inodeOf(join(folder.path, last.segment.file))) ? last.segment : undefined
    const known = new Map(folder.segments.filter(one => one !== replaced).map(one => [one.file, one]))
    const next = segments.map(found => Object.assign(known.get(found.file) ?? found, found))
    for (const old of folder.segments) if (!next.includes(old)) old.sealed = true
    folder.segments = next
    folder.carried = carried
    await this.findLast()
  }

  private async findLast(): Promise<void> {
    const segment = this.folder.segments.at(-1)
    this.last = undefined
    if (segment === undefined) return
    const path = join(this.folder.path, segment.file)
    const file = await open(path, 'r').catch(ifMissing(undefined))
    if (file === undefined) return
    try {
      const { ino: inode } = await file.stat()
      const { sync } = headerOf(path, await readAt(file, 0, LARGEST_HEADER_BYTES))
      this.last = { segment, inode, sync }
    } finally {
      await file.close()
    }
  }
}

/** How much of these bytes, which begin with a block, are whole blocks: what is behind is on its way. */
function wholeBlocks(bytes: Buffer, sync: Buffer): { readonly records: number; readonly end: number } {
  let [records, end] = [0, 0]
  for (let block = blockAt(bytes, end, sync); block.kind === 'whole'; block = blockAt(bytes, end, sync)) {
    records += block.count
    end = block.next
  }
  return { records, end }
}

/** Another text once the file was replaced. */
async function identityOf(path: string): Promise<string> {
  const found = await stat(path).catch(ifMissing(undefined))
  return found ? `${found.ino} ${found.mtimeMs} ${found.size}` : ''
}

const inodeOf = async (path: string): Promise<number | undefined> => (await stat(path).catch(ifMissing(undefined)))?.ino

const ifMissing =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (isErrno(error, 'ENOENT')) return instead
    throw error
  }
