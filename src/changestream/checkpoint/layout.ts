/**
 * The frame of a checkpoint file; docs/change-stream.md, "Checkpoints", has it as a table. Numbers are little-endian.
 *
 *     preamble   magic, format version, CRC-32 of both
 *     sections   bytes as they are, each padded with zeros to 8
 *     table      for each section: bytes u64, CRC-32 of bytes and padding u32, bytes of the name u32, name, padding
 *     end        bytes of the file u64, bytes of the table u64, sections u32, CRC-32 of the table, mark, CRC-32 of the end
 *
 * Sections lie without gaps from the preamble to the table, so their places follow from their lengths. The table comes last
 * because checksums are known only once the bytes have gone by.
 */
import { crc32 } from 'node:zlib'

// Mangled line ends, as a transfer in text mode leaves them, show in the first 16 bytes (as with PNG).
const MAGIC = Buffer.from('whohad-index\r\n\x1a\n')
const END_MARK = Buffer.from('end\n')
const ALIGNMENT = 8
export const FORMAT_VERSION = 1
export const PREAMBLE_BYTES = 24
export const END_BYTES = 32
const ENTRY_BYTES = 16 // without the name

/** What is wrong with a file's bytes, in a few words. */
export class Damage extends Error {}

export type SectionEntry = {
  readonly name: string
  /** Without padding. */
  readonly bytes: number
  /** Of the bytes and their padding. */
  readonly crc: number
}

export type PlacedSection = SectionEntry & { readonly start: number }

export type EndRecord = {
  readonly tableStart: number
  readonly tableBytes: number
  readonly tableCrc: number
  readonly sections: number
}

/** How many zeros follow `bytes` bytes, so that the next section can be viewed as any typed array. */
export const paddingAfter = (bytes: number): number => (ALIGNMENT - (bytes % ALIGNMENT)) % ALIGNMENT

export const isSectionName = (name: string): boolean => /^[!-~]{1,255}$/.test(name)

export function encodePreamble(): Buffer {
  const preamble = Buffer.alloc(PREAMBLE_BYTES)
  MAGIC.copy(preamble)
  preamble.writeUInt32LE(FORMAT_VERSION, 16)
  preamble.writeUInt32LE(crc32(preamble.subarray(0, 20)), 20)
  return preamble
}

/** The table and the end record, for a file whose sections end at `tableStart`. */
export function encodeTableAndEnd(entries: readonly SectionEntry[], tableStart: number): Buffer {
  const table = Buffer.concat(entries.map(encodeEntry))
  const end = Buffer.alloc(END_BYTES)
  end.writeBigUInt64LE(BigInt(tableStart + table.length + END_BYTES), 0)
  end.writeBigUInt64LE(BigInt(table.length), 8)
  end.writeUInt32LE(entries.length, 16)
  end.writeUInt32LE(crc32(table), 20)
  END_MARK.copy(end, 24)
  end.writeUInt32LE(crc32(end.subarray(0, 28)), 28)
  return Buffer.concat([table, end])
}

function encodeEntry({ name, bytes, crc }: SectionEntry): Buffer {
  const entry = Buffer.alloc(ENTRY_BYTES + name.length + paddingAfter(name.length))
  entry.writeBigUInt64LE(BigInt(bytes), 0)
  entry.writeUInt32LE(crc, 8)
  entry.writeUInt32LE(name.length, 12)
  entry.write(name, ENTRY_BYTES, 'latin1')
  return entry
}

/**
 * The format version, or undefined where another program wrote the file. `preamble` is the file's beginning, and shorter than
 * PREAMBLE_BYTES only where the file is. Every version of the format begins like this.
 *
 * @throws Damage
 */
export function parsePreamble(preamble: Buffer): number | undefined {
  if (preamble.length === 0) throw new Damage('it is empty')
  const known = Math.min(preamble.length, MAGIC.length)
  if (!preamble.subarray(0, known).equals(MAGIC.subarray(0, known))) return undefined
  if (preamble.length < PREAMBLE_BYTES) throw new Damage(`it was cut short after ${preamble.length} bytes`)
  const intact = crc32(preamble.subarray(0, 20)) === preamble.readUInt32LE(20)
  if (!intact) throw new Damage('its first 24 bytes do not have the checksum that they were written with')
  return preamble.readUInt32LE(16)
}

/** `end` is the last END_BYTES of a file of `fileBytes`. @throws Damage */
export function parseEnd(end: Buffer, fileBytes: number): EndRecord {
  const isEnd = end.subarray(24, 28).equals(END_MARK) && crc32(end.subarray(0, 28)) === end.readUInt32LE(28)
  if (!isEnd) throw new Damage('it has no end record at its end, so it was cut short, altered or appended to')
  const written = end.readBigUInt64LE(0)
  if (written !== BigInt(fileBytes)) throw new Damage(`it has ${fileBytes} bytes where ${written} were written`)
  const tableBytes = end.readBigUInt64LE(8)
  if (tableBytes > BigInt(fileBytes - PREAMBLE_BYTES - END_BYTES)) throw new Damage('its table is longer than the file')
  return {
    tableStart: fileBytes - END_BYTES - Number(tableBytes),
    tableBytes: Number(tableBytes),
    tableCrc: end.readUInt32LE(20),
    sections: end.readUInt32LE(16),
  }
}

/** Every section with its place; together they fill the file from the preamble to the table. @throws Damage */
export function parseTable(table: Buffer, end: EndRecord): readonly PlacedSection[] {
  if (crc32(table) !== end.tableCrc) {
    throw new Damage('its table of sections does not have the checksum that it was written with')
  }
  const sections: PlacedSection[] = []
  const names = new Set<string>()
  let start = PREAMBLE_BYTES
  for (let at = 0; at < table.length; ) {
    const entry = parseEntry(table, at)
    if (!isSectionName(entry.name) || names.has(entry.name)) {
      throw new Damage(`section ${sections.length} has a name that no section may have, or that another one has`)
    }
    names.add(entry.name)
    sections.push({ ...entry, start })
    start += entry.bytes + paddingAfter(entry.bytes)
    if (start > end.tableStart) throw new Damage(`section ${sections.length - 1} is longer than the file`)
    at += ENTRY_BYTES + entry.name.length + paddingAfter(entry.name.length)
  }
  if (start !== end.tableStart || sections.length !== end.sections) {
    throw new Damage('its table of sections does not describe the whole file')
  }
  return sections
}

function parseEntry(table: Buffer, at: number): SectionEntry {
  if (at + ENTRY_BYTES > table.length) throw new Damage('its table of sections ends within an entry')
  const nameBytes = table.readUInt32LE(at + 12)
  const nameEnd = at + ENTRY_BYTES + nameBytes
  if (nameEnd + paddingAfter(nameBytes) > table.length) throw new Damage('its table of sections ends within an entry')
  const name = table.toString('latin1', at + ENTRY_BYTES, nameEnd)
  return { name, bytes: Number(table.readBigUInt64LE(at)), crc: table.readUInt32LE(at + 8) }
}
