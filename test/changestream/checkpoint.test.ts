import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type Checkpoint,
  type JsonValue,
  readCheckpoint,
  writeCheckpoint,
} from '../../src/changestream/checkpoint/checkpoint.ts'
import { replaceWhole } from '../../src/changestream/checkpoint/replace-whole.ts'
import { SLICE_BYTES } from '../../src/changestream/checkpoint/section-bytes.ts'
import { checkpointOf, patterned, shared, small, UNSYNCED } from '../support/checkpoints.ts'
import { readUpTo } from '../support/read-state.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whohad-checkpoint-'))
  path = join(folder, 'index.checkpoint')
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

/** Compared as bytes: a comparison element by element takes seconds for megabytes. */
function expectSame(read: Checkpoint | undefined, written: Checkpoint): void {
  expect(read?.read).toEqual(written.read)
  expect(read?.image.header).toEqual(written.image.header)
  const names = (checkpoint: Checkpoint | undefined) => checkpoint?.image.sections.map(({ name }) => name)
  expect(names(read)).toEqual(names(written))
  for (const [i, { name, bytes }] of written.image.sections.entries()) {
    const got = read?.image.sections[i]?.bytes ?? new Uint8Array()
    expect(Buffer.compare(got, bytes), name).toBe(0)
    expect(got.buffer).toBeInstanceOf(SharedArrayBuffer)
    expect(got.buffer.byteLength).toBe(bytes.length)
  }
}

describe('what is written is read', () => {
  const sizes = [0, 1, 7, 8, 9, 4095, 4096, 4097, SLICE_BYTES - 1, SLICE_BYTES, SLICE_BYTES + 1, 2 * SLICE_BYTES + 3]

  test('sections of any length, empty ones too, each in a shared buffer of exactly its length', async () => {
    const written = checkpointOf(...sizes.map(size => [`of-${size}`, patterned(size)] as const))
    await writeCheckpoint(path, written)
    expectSame(await readCheckpoint(path), written)
  })

  test('no sections, and many', async () => {
    for (const count of [0, 1000]) {
      const sections = Array.from({ length: count }, (_, i) => [`section-${i}`, patterned(i % 50)] as const)
      await writeCheckpoint(path, checkpointOf(...sections), UNSYNCED)
      expectSame(await readCheckpoint(path), checkpointOf(...sections))
    }
  })

  test('views of a part of a larger buffer, shared or not', async () => {
    const buffer = patterned(1000)
    const written = checkpointOf(['shared', buffer.subarray(3, 777)], ['own', Uint8Array.from(buffer).subarray(5, 8)])
    await writeCheckpoint(path, written)
    expectSame(await readCheckpoint(path), written)
  })

  test('any small checkpoint', async () => {
    const section = fc.record({
      name: fc.stringMatching(/^[!-~]{1,255}$/).filter(name => name !== 'header'),
      bytes: fc.uint8Array({ maxLength: 40 }).map(shared),
    })
    const written = fc.record({
      read: fc.array(fc.maxSafeNat(), { minLength: 1 }).map(positions => ({
        ...readUpTo(...positions),
        last: positions.map(offset => (offset === 0 ? null : { offset: offset - 1, loggedAtMs: offset })),
        epochs: positions.map(epoch => [`source/${epoch}`, epoch] as const),
      })),
      image: fc.record({
        // Through JSON once: it has no −0.
        header: fc.dictionary(fc.string(), fc.jsonValue()).map(header => JSON.parse(JSON.stringify(header))),
        sections: fc.uniqueArray(section, { selector: ({ name }) => name }),
      }),
    })
    await fc.assert(
      fc.asyncProperty(written, async checkpoint => {
        await writeCheckpoint(path, checkpoint, UNSYNCED)
        expectSame(await readCheckpoint(path), checkpoint)
      }),
    )
  })

  test('where there is no file, nothing', async () => {
    expect(await readCheckpoint(path)).toBeUndefined()
  })

  test('the bytes of format 1 are these; others need another format version', async () => {
    await writeCheckpoint(path, small)
    const file = readFileSync(path)
    expect(file.toString('latin1')).toBe(
      [
        `whohad-index\r\n\x1a\n\x01\0\0\0${checksum(file, 0, 20)}`,
        '{"positions":[7,0,35184372088832],"last":[null,null,null],"epochs":[],"index":{"holds":"claims"}}\0\0\0\0\0\0\0',
        '\x01\x02\x03\0\0\0\0\0',
        '\x04\x05\x06\x07\x08\x09\x0a\x0b',
        `\x61\0\0\0\0\0\0\0${checksum(file, 24, 128)}\x06\0\0\0header\0\0`,
        `\x03\0\0\0\0\0\0\0${checksum(file, 128, 136)}\x06\0\0\0starts\0\0`,
        '\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0empty\0\0\0',
        `\x08\0\0\0\0\0\0\0${checksum(file, 136, 144)}\x04\0\0\0ends\0\0\0\0`,
        `\x10\x01\0\0\0\0\0\0\x60\0\0\0\0\0\0\0\x04\0\0\0${checksum(file, 144, 240)}end\n${checksum(file, 240, 268)}`,
      ].join(''),
    )
  })

  const checksum = (file: Buffer, from: number, until: number): string => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(crc32(file.subarray(from, until)))
    return bytes.toString('latin1')
  }
})

describe('writing', () => {
  const other = checkpointOf(['other', patterned(100)])

  test('the file is fsynced under its temporary name, and its folder once it has its own', async () => {
    const handle = await open(folder, 'r')
    const prototype = Object.getPrototypeOf(handle)
    await handle.close()
    const names: (readonly string[])[] = []
    vi.spyOn(prototype, 'sync').mockImplementation(async () => {
      names.push(readdirSync(folder))
    })
    await writeCheckpoint(path, small)
    expect(names).toEqual([[expect.stringMatching(/^index\.checkpoint\.new-/)], ['index.checkpoint']])
    await writeCheckpoint(path, small, UNSYNCED)
    expect(names).toHaveLength(2)
  })

  test('a failure half way leaves the old file and nothing else', async () => {
    await writeCheckpoint(path, small)
    const failing = replaceWhole(
      path,
      async file => {
        await file.write('half')
        throw new Error('no more')
      },
      UNSYNCED,
    )
    await expect(failing).rejects.toThrow('no more')
    expectSame(await readCheckpoint(path), small)
    expect(readdirSync(folder)).toEqual(['index.checkpoint'])
  })

  test('what killed writers left is removed by the next one, and no other file', async () => {
    const kept = [
      'index.checkpoint.new',
      'index.checkpoint.new-notes',
      'other.new-0b8e7c9a-3f0e-4d55-9d0e-6f0a4c2b1e11',
    ]
    for (const name of [...kept, 'index.checkpoint.new-0b8e7c9a-3f0e-4d55-9d0e-6f0a4c2b1e11']) {
      writeFileSync(join(folder, name), 'x')
    }
    await writeCheckpoint(path, small)
    expect(readdirSync(folder).sort()).toEqual(['index.checkpoint', ...kept].sort())
  })

  test('writers at the same time do not mix: one file of theirs is there, whole', async () => {
    const all = Array.from({ length: 5 }, (_, i) => checkpointOf([`by-${i}`, patterned(100_000).fill(i)]))
    const outcomes = await Promise.allSettled(all.map(checkpoint => writeCheckpoint(path, checkpoint, UNSYNCED)))
    const failures = outcomes.filter(outcome => outcome.status === 'rejected').map(({ reason }) => reason.code)
    expect(failures).toEqual(failures.map(() => 'WHOHAD_CHECKPOINT_WRITE_FAILED'))
    const read = await readCheckpoint(path)
    const writer = Number(read?.image.sections[0]?.name.slice('by-'.length))
    expectSame(read, all[writer] as Checkpoint)
    expect(readdirSync(folder)).toEqual(['index.checkpoint'])
  })

  test.each([
    ['into a folder that is not there', () => join(folder, 'none', 'index'), 'ENOENT'],
    ['into a file', () => join(path, 'index'), 'ENOTDIR'],
    ['in place of a folder', () => folder, 'EISDIR'],
  ])('%s is a declared error', async (_, where, errno) => {
    await writeCheckpoint(path, small)
    const error = await writeCheckpoint(where(), other).catch((error: unknown) => error)
    expect(error).toMatchObject({
      code: 'WHOHAD_CHECKPOINT_WRITE_FAILED',
      message: expect.stringContaining(`Cannot write the checkpoint ${where()}: ${errno}`),
    })
    expectSame(await readCheckpoint(path), small)
    expect(readdirSync(folder)).toEqual(['index.checkpoint'])
  })

  test.each<readonly [string, Checkpoint]>([
    ['no positions', { ...small, read: readUpTo() }],
    ['a negative position', { ...small, read: readUpTo(-1) }],
    ['a position that is no number', { ...small, read: readUpTo(Number.NaN) }],
    ['another number of last records', { ...small, read: { ...readUpTo(1), last: [] } }],
    ['an infinity in the header', { ...small, image: { ...small.image, header: { at: [Number.NEGATIVE_INFINITY] } } }],
    [
      'an undefined in the header',
      { ...small, image: { ...small.image, header: { at: undefined as unknown as JsonValue } } },
    ],
    ['a name twice', checkpointOf(['a', shared([])], ['a', shared([])])],
    ["the header's name", checkpointOf(['header', shared([])])],
    ['an empty name', checkpointOf(['', shared([])])],
    ['a name beyond ASCII', checkpointOf(['größe', shared([])])],
    ['a name that is too long', checkpointOf(['a'.repeat(256), shared([])])],
  ])('%s is a mistake of the caller, and the old file stays', async (_, wrong) => {
    await writeCheckpoint(path, other)
    await expect(writeCheckpoint(path, wrong)).rejects.toThrow(TypeError)
    expectSame(await readCheckpoint(path), other)
  })
})
