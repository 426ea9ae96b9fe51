// node --import ./bench/typescript.mjs test/support/fuzz-flow-logs.ts --lines N --files N --seed N: mutated lines through both
// text readers, which must say the same of each; mutated packed files and Parquet files through their readers, which must come to
// an end. A difference or a crash ends it with exit code 1 and what it takes to repeat it.
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { inColumns, inObjects } from './flow-batches.ts'
import { FORMATS, linesOfFormat } from './flow-lines.ts'
import { mutated } from './mutated.ts'
import { fuzzParquet, parquetSamples } from './parquet-fuzz.ts'
import { storedFrame } from './zstd-frames.ts'

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '1000000' },
    files: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
  },
})
const [lines, files, seed] = [Number(values.lines), Number(values.files), Number(values.seed)]
if (![lines, files, seed].every(number => Number.isSafeInteger(number) && number >= 0)) {
  throw new RangeError('--lines, --files and --seed are whole numbers')
}

const LINES_PER_FILE = 500
/** Parsing a line that fast-check draws takes much longer than reading it: each drawn one is changed this often. */
const CHANGES_PER_LINE = 10
const BAR_WIDTH = 30

function bar(name: string, total: number): (done: number) => void {
  const begun = Date.now()
  let told = -1
  return done => {
    const percent = total === 0 ? 100 : Math.floor((done / total) * 100)
    if (percent === told) return
    told = percent
    const filled = Math.round((percent / 100) * BAR_WIDTH)
    const left = done === 0 ? '' : `, ${Math.ceil(((Date.now() - begun) / done) * ((total - done) / 1000))} s left`
    const line = `${name} [${'='.repeat(filled)}${' '.repeat(BAR_WIDTH - filled)}] ${percent} % of ${total}${left}  `
    if (process.stderr.isTTY) process.stderr.write(`\r${line}${percent === 100 ? '\n' : ''}`)
    else if (percent % 20 === 0) process.stderr.write(`${line}\n`)
  }
}

function refuse(what: string, bytes: Uint8Array, error?: unknown): never {
  if (error !== undefined) console.error(error)
  console.error(`\n${what}, with --seed ${seed}. The input in base64:\n${Buffer.from(bytes).toString('base64')}`)
  process.exit(1)
}

/** A property's draws one after another, from one seed. */
function* draws<T>(arbitrary: fc.Arbitrary<T>, from: number): Generator<T> {
  for (let round = 0; ; round++) yield* fc.sample(arbitrary, { seed: from + round, numRuns: 1000 })
}

async function sameOfBoth(bytes: Uint8Array): Promise<number> {
  try {
    const columns = await inColumns(bytes)
    if (!isDeepStrictEqual(columns, await inObjects(bytes))) refuse('The readers differ', bytes)
    return typeof columns === 'string' ? 0 : columns.filter(({ line }) => line.kind === 'flow').length
  } catch (error) {
    refuse('A reader failed', bytes, error)
  }
}

async function fuzzLines(): Promise<{ lines: number; records: number }> {
  const show = bar('lines', lines)
  const changes = draws(mutated, seed)
  const originals = FORMATS.map((names, i) => draws(linesOfFormat(names), seed + i))
  const counts = { lines: 0, records: 0 }
  show(0)
  for (let file = 0; counts.lines < lines; file++) {
    const format = file % FORMATS.length
    const parts: Buffer[] = [Buffer.from(FORMATS[format]?.join(' ') ?? '')]
    while (parts.length <= Math.min(LINES_PER_FILE, lines - counts.lines)) {
      const line = Buffer.from(originals[format]?.next().value ?? '')
      parts.push(line)
      for (let i = 1; i < CHANGES_PER_LINE; i++) parts.push(changes.next().value?.(line) ?? line)
    }
    counts.records += await sameOfBoth(Buffer.concat(parts.flatMap(part => [part, Buffer.from('\n')])))
    counts.lines += parts.length - 1
    show(Math.min(counts.lines, lines))
  }
  return counts
}

function packedSamples(): readonly Buffer[] {
  const names = FORMATS[0] ?? []
  const text = Buffer.from([names.join(' '), ...fc.sample(linesOfFormat(names), { seed, numRuns: 60 })].join('\n'))
  const messages = text.toString('utf8').split('\n').slice(1)
  const document = (some: readonly string[]) =>
    JSON.stringify({
      messageType: 'DATA_MESSAGE',
      logEvents: some.map(message => ({ id: '1', timestamp: 1, message })),
    })
  const half = messages.length >> 1
  const envelope = Buffer.from(`${document(messages.slice(0, half))}\n${document(messages.slice(half))}`)
  return [
    Buffer.concat([gzipSync(text.subarray(0, 1000)), gzipSync(text.subarray(1000))]),
    Buffer.concat([storedFrame(text.subarray(0, 1000)), storedFrame(text.subarray(1000))]),
    BY_ZSTD,
    envelope,
    gzipSync(envelope),
  ]
}

/** A frame of every kind of block and table, as the zstd command makes it of a small log. */
const BY_ZSTD = Buffer.from(
  'KLUv/WR8AqUKAGYUPR5QbR0QQT3Ygyb8QteKI0iigUrbXfqUlMdTMbNNygQ5ADIANACPKDLh0whJndKbk05yVhw6TQmBT6KRCEYz' +
    'kiRTiiRziirF+KA0SfgcSU7o0fgsE5pEED6FomeSJCUKgkAQ0F3Lu94wftb2/aq0W/nVtnI7M4oZdqYX64PM0SwPJHV5G1uqeW/W' +
    'BkyT+ea0BP28ehe3dtdX1tVtZpyZWca3FYUD4wUagUEC8d7UYsua/XkREAyERWPuymq112bFtENCGwHN2C7ntlbTMKbfdGPvymvf' +
    'OfDdtcWY+3V33Sw7TiknurXenVSRuV1+zjFHdLzb3wInIHBk7GS1AcSxJfgE5kxpGCkcm1tS4OLK6LfPeo8Q/wAdLg5PprQLbe4u' +
    'UwxwpREWqHfkhoqvbMDwE1jHLaTVHv/HQzsmQVtM4Av5ZxRaEhxH4n8Ao4GBbR6wshMn8IjC',
  'base64',
)

async function fuzzFiles(): Promise<{ packed: number; parquet: number }> {
  const show = bar('files', files)
  const changes = draws(mutated, seed)
  const packed = packedSamples()
  const parquet = parquetSamples()
  const counts = { packed: 0, parquet: 0 }
  show(0)
  for (let i = 0; i < files; i++) {
    const isParquet = i % 2 === 1
    const from = isParquet ? parquet : packed
    const original = from[(i >> 1) % from.length] ?? Buffer.alloc(0)
    const bytes = changes.next().value?.(original) ?? original
    if (isParquet) {
      await fuzzParquet(bytes).catch(error => refuse('The Parquet reader failed', bytes, error))
      counts.parquet++
    } else {
      await sameOfBoth(bytes)
      counts.packed++
    }
    show(i + 1)
  }
  return counts
}

const found = { ...(await fuzzLines()), ...(await fuzzFiles()), seed }
if (lines > 1000 && found.records < lines / 20) refuse('Hardly any line was a record', Buffer.alloc(0))
console.log(JSON.stringify(found))
