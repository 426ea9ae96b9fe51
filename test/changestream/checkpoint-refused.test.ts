import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { readCheckpoint, writeCheckpoint } from '../../src/changestream/checkpoint/checkpoint.ts'
import { encodePreamble, encodeTableAndEnd, paddingAfter } from '../../src/changestream/checkpoint/layout.ts'
import { WhohadError } from '../../src/runtime/errors.ts'
import { checkpointOf, patterned, small } from '../support/checkpoints.ts'
import { readUpTo } from '../support/read-state.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whohad-checkpoint-'))
  path = join(folder, 'index.checkpoint')
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  rmSync(folder, { recursive: true })
})

/** What reading the file at the path ends in: always a refusal that names the file and a way out. */
async function refusal(): Promise<{ readonly code: string; readonly message: string }> {
  const outcome = await readCheckpoint(path).catch((error: unknown) => error)
  if (!(outcome instanceof WhohadError)) throw new Error(`not refused, but: ${JSON.stringify(outcome)}`)
  expect(outcome.message).toContain(path)
  expect(outcome.message).toMatch(/(D|d)elete (the file|it)\b.*; whohad then replays the change stream instead\.$/)
  return outcome
}
/** A new file each time: ext4 waits for the disk where one that had content is written from its start. */
const refusalOf = (content: string | Uint8Array) => {
  rmSync(path, { force: true })
  writeFileSync(path, content)
  return refusal()
}

describe('what is not wholly as it was written is refused', () => {
  let whole: Buffer
  beforeEach(async () => {
    await writeCheckpoint(path, small)
    whole = readFileSync(path)
  })

  test('any single bit the other way', async () => {
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const flipped = Buffer.from(whole)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const { code } = await refusalOf(flipped)
      expect(code, `bit ${bit}`).toBe(bit < 16 * 8 ? 'WHOHAD_CHECKPOINT_FOREIGN' : 'WHOHAD_CHECKPOINT_DAMAGED')
    }
  })

  test('cut after any byte', async () => {
    for (let bytes = 0; bytes < whole.length; bytes++) {
      const { code, message } = await refusalOf(whole.subarray(0, bytes))
      expect(code, `${bytes} bytes`).toBe('WHOHAD_CHECKPOINT_DAMAGED')
      expect(message).toContain(
        bytes === 0
          ? 'it is empty'
          : bytes < 24 + 32
            ? `it was cut short after ${bytes} bytes`
            : 'it has no end record',
      )
    }
  })

  test('any bytes appended, its own end among them', async () => {
    const tail = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 100 }),
      fc.integer({ min: 1, max: whole.length }).map(bytes => whole.subarray(-bytes)),
    )
    await fc.assert(
      fc.asyncProperty(tail, async bytes => {
        expect((await refusalOf(Buffer.concat([whole, bytes]))).code).toBe('WHOHAD_CHECKPOINT_DAMAGED')
      }),
    )
  })

  test('any stretch overwritten, left out or doubled', async () => {
    const place = fc.integer({ min: 16, max: whole.length - 1 })
    const stretch = fc.tuple(place, fc.integer({ min: 1, max: 64 }), fc.constantFrom('zeroed', 'left out', 'doubled'))
    await fc.assert(
      fc.asyncProperty(stretch, async ([from, length, how]) => {
        const part = whole.subarray(from, from + length)
        const instead = {
          zeroed: Buffer.alloc(part.length),
          'left out': Buffer.alloc(0),
          doubled: Buffer.concat([part, part]),
        }
        const altered = Buffer.concat([whole.subarray(0, from), instead[how], whole.subarray(from + length)])
        fc.pre(!altered.equals(whole))
        expect((await refusalOf(altered)).code).toBe('WHOHAD_CHECKPOINT_DAMAGED')
      }),
      { numRuns: 300 },
    )
  })

  test('the bytes of two sections exchanged', async () => {
    await writeCheckpoint(path, checkpointOf(['a', patterned(64)], ['b', patterned(64).fill(1)]))
    const file = readFileSync(path)
    const start = file.indexOf(patterned(64))
    const exchanged = Buffer.from(file)
    file.copy(exchanged, start, start + 64, start + 128)
    file.copy(exchanged, start + 64, start, start + 64)
    expect((await refusalOf(exchanged)).message).toContain('its section "a" does not have the checksum')
  })

  test.each([
    ['of nothing', '', 'DAMAGED', 'it is empty'],
    ['cut within its first bytes', 'whohad-in', 'DAMAGED', 'it was cut short after 9 bytes'],
    ['of Avro', 'Obj\x01\x02\x16avro.schema', 'FOREIGN', 'is no checkpoint of whohad'],
    ['of text', '{"version": 1}', 'FOREIGN', 'is no checkpoint of whohad'],
    ['of zeros', Buffer.alloc(4096), 'FOREIGN', 'is no checkpoint of whohad'],
    ['with its line ends mangled', 'whohad-index\n\x1a\n\x01\0\0\0', 'FOREIGN', 'is no checkpoint of whohad'],
  ])('a file %s', async (_, content, code, message) => {
    expect(await refusalOf(content)).toMatchObject({
      code: `WHOHAD_CHECKPOINT_${code}`,
      message: expect.stringContaining(message),
    })
  })

  test('a folder in place of the file', async () => {
    rmSync(path)
    mkdirSync(path)
    expect(await refusal()).toMatchObject({ code: 'WHOHAD_CHECKPOINT_FOREIGN' })
  })

  test('a file of another format version, whatever follows', async () => {
    for (const version of [0, 2, 2 ** 32 - 1]) {
      const preamble = encodePreamble()
      preamble.writeUInt32LE(version, 16)
      preamble.writeUInt32LE(crc32(preamble.subarray(0, 20)), 20)
      for (const rest of [whole.subarray(24), Buffer.from('anything')]) {
        const { code, message } = await refusalOf(Buffer.concat([preamble, rest]))
        expect(code).toBe('WHOHAD_CHECKPOINT_OTHER_VERSION')
        expect(message).toContain(`has format ${version}, and this version of whohad reads only format 1`)
      }
    }
  })

  test('a section that the memory has no room for', async () => {
    vi.stubGlobal('SharedArrayBuffer', function refuse() {
      throw new RangeError('Array buffer allocation failed')
    })
    expect(await refusal()).toMatchObject({
      code: 'WHOHAD_CHECKPOINT_UNREADABLE',
      message: expect.stringMatching(/section "header" of 97 bytes is more than this process can hold/),
    })
  })

  test('a file that is cut while it is read', async () => {
    const handle = await open(path, 'r+')
    const prototype = Object.getPrototypeOf(handle)
    const { stat } = prototype
    vi.spyOn(prototype, 'stat').mockImplementation(async function (this: unknown) {
      const before = await stat.call(this)
      await handle.truncate(100)
      return before
    })
    expect((await refusal()).message).toContain('it was cut short while it was read')
    await handle.close()
  })
})

describe('a file with right checksums is refused where it makes no sense', () => {
  const header = (value: unknown) => Buffer.from(JSON.stringify(value))
  const good = { ...readUpTo(1), index: {} }

  /** A file as the format has it, of any header and with any table. */
  function fileOf(headerBytes: Uint8Array, table?: readonly { name?: string; bytes?: number }[]): Buffer {
    const padded = Buffer.concat([headerBytes, Buffer.alloc(paddingAfter(headerBytes.length))])
    const whole = { name: 'header', bytes: headerBytes.length, crc: crc32(padded) }
    const entries = (table ?? [{}]).map(entry => ({ ...whole, ...entry }))
    return Buffer.concat([encodePreamble(), padded, encodeTableAndEnd(entries, 24 + padded.length)])
  }

  test('the file that these are made from is read', async () => {
    writeFileSync(path, fileOf(header(good)))
    expect(await readCheckpoint(path)).toEqual({ read: readUpTo(1), image: { header: {}, sections: [] } })
  })

  test.each<readonly [string, unknown, string]>([
    ['no positions', { index: {} }, 'no positions of the change stream'],
    ['positions of no partition', { ...good, positions: [] }, 'no positions'],
    ['a negative position', { ...good, positions: [1, -1] }, 'no positions'],
    ['a position between two records', { ...good, positions: [0.5] }, 'no positions'],
    ['a position beyond exact numbers', { ...good, positions: [2 ** 53] }, 'no positions'],
    ['a position as text', { ...good, positions: ['1'] }, 'no positions'],
    ['positions that are no list', { ...good, positions: { 0: 1 } }, 'no positions'],
    ["no header of the index's own", readUpTo(1), "no header of the index's own"],
    ['a last record for another number of partitions', { ...good, last: [] }, 'no last record of each partition'],
    ['a last record behind the position', { ...good, last: [{ offset: 1, loggedAtMs: 5 }] }, 'no last record'],
    ['a last record without its time', { ...good, last: [{ offset: 0 }] }, 'no last record'],
    ['no epochs', { ...good, epochs: null }, 'no epochs of the sources'],
    ['an epoch as text', { ...good, epochs: [['ec2/a', '1']] }, 'no epochs of the sources'],
    ["a list as the index's header", { ...good, index: [] }, "no header of the index's own"],
    ['a field that is not known', { ...good, epoch: 3 }, 'the unknown field "epoch"'],
    ['a list', [good], 'no JSON object'],
    ['null', null, 'no JSON object'],
  ])('a header with %s', async (_, value, message) => {
    const { code, message: said } = await refusalOf(fileOf(header(value)))
    expect(code).toBe('WHOHAD_CHECKPOINT_DAMAGED')
    expect(said).toContain(message)
  })

  test.each([
    ['cut JSON', Buffer.from('{"positions":[1]')],
    [
      'bytes that are no UTF-8',
      Buffer.concat([
        Buffer.from('{"positions":[1],"last":[null],"epochs":[],"index":{"'),
        Buffer.of(0xff),
        Buffer.from('":1}}'),
      ]),
    ],
  ])('a header of %s', async (_, bytes) => {
    expect((await refusalOf(fileOf(bytes))).message).toContain('its header is no JSON')
  })

  test.each([
    [
      'lists a section beyond the end of the file',
      [{}, { name: 'a', bytes: 2 ** 50 }],
      'section 1 is longer than the file',
    ],
    ['lists a section that no number can measure', [{}, { name: 'a', bytes: 2 ** 60 }], 'longer than the file'],
    ['leaves bytes of the file out', [{ bytes: 8 }], 'does not describe the whole file'],
    ['lists nothing', [], 'does not describe the whole file'],
    ['has no header first', [{ name: 'a' }], 'its first section is not its header'],
    ['has a name twice', [{}, { bytes: 0 }], 'has a name that no section may have, or that another one has'],
    ['has a name with a space', [{}, { name: 'a b', bytes: 0 }], 'has a name that no section may have'],
    ['has an empty name', [{}, { name: '', bytes: 0 }], 'has a name that no section may have'],
  ])('a table that %s', async (_, table, message) => {
    const { code, message: said } = await refusalOf(fileOf(header(good), table))
    expect(code).toBe('WHOHAD_CHECKPOINT_DAMAGED')
    expect(said).toContain(message)
  })

  test.each([
    ['a table longer than the file', (end: Buffer) => end.writeBigUInt64LE(2n ** 50n, 8), 'its table is longer'],
    [
      'another length of the file',
      (end: Buffer) => end.writeBigUInt64LE(144n, 0),
      'it has 136 bytes where 144 were written',
    ],
    ['another mark', (end: Buffer) => end.write('END\n', 24), 'it has no end record'],
    ['another count of sections', (end: Buffer) => end.writeUInt32LE(2, 16), 'does not describe the whole file'],
  ])('an end record with %s', async (_, alter, message) => {
    const file = fileOf(header(good))
    const end = file.subarray(-32)
    alter(end)
    end.writeUInt32LE(crc32(end.subarray(0, 28)), 28)
    expect((await refusalOf(file)).message).toContain(message)
  })

  test.each([
    ['a name', 'header', 9],
    ['a name of absurd length', 'header', 2 ** 31],
    ['the next entry', 'header-and-more', 6],
  ])('a table that ends within %s', async (_, name, nameBytes) => {
    const file = fileOf(header(good), [{ name }])
    const end = file.subarray(-32)
    const table = file.subarray(-32 - Number(end.readBigUInt64LE(8)), -32)
    table.writeUInt32LE(nameBytes, 12)
    end.writeUInt32LE(crc32(table), 20)
    end.writeUInt32LE(crc32(end.subarray(0, 28)), 28)
    expect((await refusalOf(file)).message).toContain('its table of sections ends within an entry')
  })
})
