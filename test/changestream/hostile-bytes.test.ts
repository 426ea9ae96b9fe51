import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { decodeChange, encodeChange } from '../../src/changestream/codec.ts'
import { fingerprintOf } from '../../src/changestream/fingerprint.ts'
import { readClaimAt } from '../../src/changestream/payload-decoder.ts'
import { recordTypes } from '../../src/changestream/schemas.ts'
import { claimOf, ownerOf } from '../support/changes.ts'

const root = join(import.meta.dirname, '../..')

test('no mutated message of any version ends the process or takes more memory than 64 MiB', async () => {
  const seed = process.env['WHOHAD_TEST_SEED'] ?? '20261121'
  const args = ['--max-old-space-size=64', '--import', join(root, 'bench/typescript.mjs')]
  const script = join(root, 'test/support/fuzz-decode.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [...args, script, seed, '10000'], { cwd: root })
  const { read, unreadable } = JSON.parse(stdout)
  expect(read + unreadable).toBe(10_000)
  expect(read).toBeGreaterThan(100)
  expect(unreadable).toBeGreaterThan(1000)
}, 120_000)

test.each([
  ['owners', 0],
  ['labels', 1],
])('a claim with two billion %s is unreadable at once', (_, which) => {
  const labels = { a: '1' }
  const message = encodeChange(claimOf('ec2/a', 1, 1, { owners: [ownerOf('api', { labels })] }))
  const at =
    which === 0 ? message.indexOf(Buffer.from('\x02\x02\x06api')) : message.indexOf(Buffer.from('\x02\x02a\x021'))
  expect(at).toBeGreaterThan(0)
  const count = Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x0f])
  const hostile = Buffer.concat([message.subarray(0, at), count, message.subarray(at + 1)])
  expect(decodeChange(hostile).unreadable).toContain('a list longer than the message')
})

test('a claim whose text says that it is two billion bytes long is unreadable at once', () => {
  const header = Buffer.from([0xc3, 0x01, 0, 0, 0, 0, 0, 0, 0, 0])
  header.writeBigUInt64LE(fingerprintOf(recordTypes.claim), 2)
  const hostile = Buffer.concat([header, Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x0f, 0x61])])
  expect(decodeChange(hostile).unreadable).toContain('longer than the message')
})

test('other bytes around a message, in the memory that it shares with them, are never part of it', () => {
  const message = encodeChange(claimOf('ec2/a', 1, 1))
  const memory = Buffer.concat([Buffer.alloc(13, 0x61), message, message])
  for (let length = 0; length < message.length; length++) {
    const cut = memory.subarray(13, 13 + length)
    expect(decodeChange(cut).change).toBeUndefined()
    expect(readClaimAt(cut, Math.min(10, length))).toBeUndefined()
  }
  expect(decodeChange(memory.subarray(13, 13 + message.length)).change).toEqual(claimOf('ec2/a', 1, 1))
  expect(decodeChange(new Uint8Array(memory.buffer, memory.byteOffset + 13, message.length)).change).toBeDefined()
})

test('a message that is cut off leaves nothing behind that others are mistaken for', () => {
  const claim = claimOf('ec2/never-seen-before', 1, 1, { domain: 'vpc-nor-this', owners: [ownerOf('nor-this-name')] })
  const message = encodeChange(claim)
  const memory = Buffer.from(message)
  for (let length = 10; length < message.length; length++) decodeChange(memory.subarray(0, length))
  expect(readClaimAt(message, 10)?.claim).toEqual(claim)
})
