import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inColumns, inObjects } from '../../support/flow-batches.ts'
import { formats, linesOfFormat } from '../../support/flow-lines.ts'
import { mutated } from '../../support/mutated.ts'
import { propertyRuns, propertyTimeoutMs } from '../../support/property-runs.ts'

const SAMPLES = ['v2-default', 'v3-tcp-flags', 'v5-service-path-direction', 'nat-gateway', 'transit-gateway-vpc']
const samples = SAMPLES.map(name => readFileSync(`test/golden/flow-logs/${name}.log`))

const files = formats.chain(names =>
  fc
    .tuple(fc.constant(names), fc.array(linesOfFormat(names), { maxLength: 40 }), fc.boolean())
    .map(([header, lines, isEnded]) => ({
      format: header.join(' '),
      text: Buffer.from(`${[header.join(' '), ...lines].join('\n')}${isEnded ? '\n' : ''}`),
    })),
)

test('the columns say of every line what the reference says, whatever stands in it', {
  timeout: propertyTimeoutMs(120_000),
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      files,
      fc.constantFrom(1, 7, 1000, 2 ** 20),
      fc.constantFrom(1, 3, 4096),
      async ({ text }, piece, batchRecords) => {
        expect(await inColumns(text, { batchRecords }, piece)).toEqual(await inObjects(text))
      },
    ),
    propertyRuns(400),
  )
})

test('and where bits and bytes of a file are changed', { timeout: propertyTimeoutMs(120_000) }, async () => {
  const originals = fc.oneof(
    files.map(({ text }) => text),
    fc.constantFrom(...samples),
  )
  await fc.assert(
    fc.asyncProperty(originals, mutated, async (text, mutate) => {
      const changed = mutate(text)
      expect(await inColumns(changed)).toEqual(await inObjects(changed))
    }),
    propertyRuns(400),
  )
})

test('and of the samples, plain and packed, in pieces of every size, with a header and with a given format', async () => {
  for (const text of samples) {
    const whole = await inObjects(text)
    expect(whole.length).toBeGreaterThan(1)
    for (const pieceBytes of [1, 10, 100, 2 ** 20]) expect(await inColumns(text, {}, pieceBytes)).toEqual(whole)
    const packed = gzipSync(text)
    expect(await inColumns(packed)).toEqual(whole)
    expect(await inColumns(packed, { inflating: 'here' })).toEqual(whole)
    const newline = text.indexOf('\n')
    const format = text.toString('utf8', 0, newline)
    const body = text.subarray(newline + 1)
    expect(await inColumns(body, { format })).toEqual(await inObjects(body, { format }))
  }
})
