/**
 * A checkpoint is one file with an index and the position of the change stream that it has come to, so that a restart replays
 * only what came later. It is a shortcut and never the only copy: a file that is not exactly what was written is refused, and
 * the stream is replayed. The format is in docs/change-stream.md, "Checkpoints".
 */
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { reasonOf, WhohadError } from '../../runtime/errors.ts'
import { isErrno } from '../embedded/durable.ts'
import { checkpointErrors } from './errors.ts'
import { encodeHeader, HEADER_NAME } from './header.ts'
import type { Checkpoint, CheckpointImage } from './image.ts'
import {
  Damage,
  encodePreamble,
  encodeTableAndEnd,
  isSectionName,
  PREAMBLE_BYTES,
  paddingAfter,
  type SectionEntry,
} from './layout.ts'
import { readWhole } from './read-whole.ts'
import { replaceWhole } from './replace-whole.ts'
import { writeFully, writeSection } from './section-bytes.ts'

export type { Checkpoint, CheckpointImage, JsonObject, JsonValue, LastRecord, ReadState } from './image.ts'

/**
 * Writes the checkpoint to a new file beside `path` and puts it in the place of the old one, which stays whole until then.
 * Nothing is copied, and the event loop goes on between slices: the caller must see to it that no byte changes before this has
 * resolved, as a mixture of two states can have right checksums. `fsync: false` is for files that nobody needs after a power
 * failure.
 *
 * @throws WHOHAD_CHECKPOINT_WRITE_FAILED; TypeError where positions, header or names are not what {@link Checkpoint} allows.
 */
export async function writeCheckpoint(
  path: string,
  { read, image }: Checkpoint,
  { fsync = true }: { readonly fsync?: boolean } = {},
): Promise<void> {
  const header = encodeHeader({ ...read, index: image.header })
  const sections = [{ name: HEADER_NAME, bytes: header }, ...image.sections]
  checkNames(sections)
  try {
    await replaceWhole(path, file => writeSections(file, sections), { fsync })
  } catch (cause) {
    throw checkpointErrors.writeFailed({ path, reason: reasonOf(cause), mend: mendOf(cause, path) }, cause)
  }
}

/**
 * The checkpoint at `path`, its bytes in fresh SharedArrayBuffers, or undefined where there is no file. Everything is verified
 * before it is handed over. Beyond the result it needs memory for the table of sections only.
 *
 * @throws WHOHAD_CHECKPOINT_DAMAGED, WHOHAD_CHECKPOINT_FOREIGN, WHOHAD_CHECKPOINT_OTHER_VERSION, WHOHAD_CHECKPOINT_UNREADABLE
 */
export async function readCheckpoint(path: string): Promise<Checkpoint | undefined> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    return await readWhole(file, path)
  } catch (error) {
    if (file === undefined && isErrno(error, 'ENOENT')) return undefined
    throw refusalOf(error, path)
  } finally {
    await file?.close()
  }
}

function checkNames(sections: CheckpointImage['sections']): void {
  const names = new Set(sections.map(({ name }) => name))
  const wrong = [...names].find(name => !isSectionName(name))
  if (wrong !== undefined) throw new TypeError(`"${wrong}" is no name for a section of a checkpoint`)
  if (names.size < sections.length) throw new TypeError('two sections of a checkpoint have the same name')
}

async function writeSections(file: FileHandle, sections: CheckpointImage['sections']): Promise<void> {
  await writeFully(file, encodePreamble(), 0)
  const entries: SectionEntry[] = []
  let start = PREAMBLE_BYTES
  for (const { name, bytes } of sections) {
    entries.push({ name, bytes: bytes.length, crc: await writeSection(file, bytes, start) })
    start += bytes.length + paddingAfter(bytes.length)
  }
  await writeFully(file, encodeTableAndEnd(entries, start), start)
}

function refusalOf(error: unknown, path: string): WhohadError {
  if (error instanceof WhohadError) return error
  const reason = reasonOf(error)
  return error instanceof Damage
    ? checkpointErrors.damaged({ path, reason }, error)
    : checkpointErrors.unreadable({ path, reason }, error)
}

function mendOf(cause: unknown, path: string): string {
  const isAnyOf = (...codes: readonly string[]) => codes.some(code => isErrno(cause, code))
  if (isAnyOf('ENOSPC', 'EDQUOT', 'EFBIG')) return 'Free disk space'
  if (isAnyOf('EACCES', 'EPERM', 'EROFS')) return `Let this user write in ${dirname(path)}`
  return 'Mend the path or the disk'
}
