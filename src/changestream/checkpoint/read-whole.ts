import type { FileHandle } from 'node:fs/promises'
import { checkpointErrors } from './errors.ts'
import { HEADER_NAME, parseHeader } from './header.ts'
import type { Checkpoint } from './image.ts'
import {
  Damage,
  END_BYTES,
  FORMAT_VERSION,
  type PlacedSection,
  PREAMBLE_BYTES,
  parseEnd,
  parsePreamble,
  parseTable,
} from './layout.ts'
import { readFully, readSection } from './section-bytes.ts'

/**
 * The whole of a checkpoint file, verified. What is small is read first, so that most files that are not whole are refused
 * before gigabytes are read.
 *
 * @throws Damage, WHOHAD_CHECKPOINT_FOREIGN, WHOHAD_CHECKPOINT_OTHER_VERSION
 */
export async function readWhole(file: FileHandle, path: string): Promise<Checkpoint> {
  const [headerEntry, ...entries] = await readTable(file, path)
  if (headerEntry?.name !== HEADER_NAME) throw new Damage('its first section is not its header')
  const header = parseHeader(await readVerified(file, headerEntry))
  const sections: { name: string; bytes: Uint8Array }[] = []
  for (const entry of entries) sections.push({ name: entry.name, bytes: await readVerified(file, entry) })
  const { index, ...read } = header
  return { read, image: { header: index, sections } }
}

async function readTable(file: FileHandle, path: string): Promise<readonly PlacedSection[]> {
  const stat = await file.stat()
  if (!stat.isFile()) throw checkpointErrors.foreign({ path, reason: 'it is not a file' })
  const version = parsePreamble(await readPart(file, 0, Math.min(stat.size, PREAMBLE_BYTES)))
  if (version === undefined) throw checkpointErrors.foreign({ path, reason: 'it does not begin like one' })
  if (version !== FORMAT_VERSION) throw checkpointErrors.otherVersion({ path, version, ours: FORMAT_VERSION })
  if (stat.size < PREAMBLE_BYTES + END_BYTES) throw new Damage(`it was cut short after ${stat.size} bytes`)
  const end = parseEnd(await readPart(file, stat.size - END_BYTES, END_BYTES), stat.size)
  return parseTable(await readPart(file, end.tableStart, end.tableBytes), end)
}

async function readPart(file: FileHandle, start: number, bytes: number): Promise<Buffer> {
  const part = Buffer.alloc(bytes)
  await readFully(file, part, start)
  return part
}

async function readVerified(file: FileHandle, entry: PlacedSection): Promise<Uint8Array> {
  const bytes = sharedBytes(entry)
  const crc = await readSection(file, bytes, entry.start)
  if (crc !== entry.crc) {
    throw new Damage(`its section "${entry.name}" does not have the checksum that it was written with`)
  }
  return bytes
}

/** The table was checked against the size of the file: nothing is allocated for bytes that are not there. */
function sharedBytes({ name, bytes }: PlacedSection): Uint8Array {
  try {
    return new Uint8Array(new SharedArrayBuffer(bytes))
  } catch (cause) {
    throw new RangeError(`its section "${name}" of ${bytes} bytes is more than this process can hold`, { cause })
  }
}
