import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { Damage, paddingAfter } from './layout.ts'

// Small enough that the event loop waits a few milliseconds at most for a checksum, large enough that calls cost nothing;
// one read or write of 2^31 bytes and more would fail.
export const SLICE_BYTES = 4 * 1024 * 1024
const ZEROS = new Uint8Array(8)

/** Writes the bytes and their padding at `start`. Resolves to the checksum of both. */
export async function writeSection(file: FileHandle, bytes: Uint8Array, start: number): Promise<number> {
  let crc = 0
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    const slice = bytes.subarray(at, at + SLICE_BYTES)
    const writing = writeFully(file, slice, start + at)
    crc = crc32(slice, crc) // while the slice is on its way
    await writing
  }
  const padding = ZEROS.subarray(0, paddingAfter(bytes.length))
  await writeFully(file, padding, start + bytes.length)
  return crc32(padding, crc)
}

/** Fills `bytes` from `start` on and reads the padding behind. Resolves to the checksum of both. @throws Damage */
export async function readSection(file: FileHandle, bytes: Uint8Array, start: number): Promise<number> {
  const sliceAt = (at: number) => bytes.subarray(at, at + SLICE_BYTES)
  let crc = 0
  let reading = readFully(file, sliceAt(0), start)
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    await reading
    const next = at + SLICE_BYTES
    reading = readFully(file, sliceAt(next), start + next) // while this slice is checked
    crc = crc32(sliceAt(at), crc)
  }
  await reading
  const padding = new Uint8Array(paddingAfter(bytes.length))
  await readFully(file, padding, start + bytes.length)
  return crc32(padding, crc)
}

export async function writeFully(file: FileHandle, bytes: Uint8Array, start: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, start + done)).bytesWritten
  }
}

/** @throws Damage where the file ends before. */
export async function readFully(file: FileHandle, bytes: Uint8Array, start: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done)
    if (bytesRead === 0) throw new Damage('it was cut short while it was read')
    done += bytesRead
  }
}
