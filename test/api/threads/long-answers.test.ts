import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { READS_EVERY_DOMAIN, type Reader } from '../../../src/api/access.ts'
import { Annotator, type AnnotatorOptions } from '../../../src/api/annotate/annotator.ts'
import { TextPieces } from '../../../src/api/annotate/text-pieces.ts'
import { bulkFormOf } from '../../../src/api/bulk/bulk-form.ts'
import { DecidedDomains } from '../../../src/api/bulk/deciding.ts'
import { LinePieces } from '../../../src/api/bulk/line-pieces.ts'
import { ManyLookUps } from '../../../src/api/bulk/look-ups.ts'
import { LONGEST_LINE_BYTES } from '../../../src/api/bulk/transform.ts'
import type { AuditEntry } from '../../../src/api/security/audit.ts'
import { readerOfDomains } from '../../../src/api/security/caller.ts'
import { inTurn } from '../../../src/api/streaming.ts'
import { AnswerThreads, type Job, type JobOf } from '../../../src/api/threads/answer-threads.ts'
import { type LongText, longAnswers } from '../../../src/api/threads/long-answers.ts'
import { longTextOf } from '../../../src/api/threads/long-text.ts'
import type { Generation } from '../../../src/ownership/generation/generation.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { testApi } from '../../support/api.ts'
import { owner, TestSource } from '../../support/estate.ts'
import { propertyRuns } from '../../support/property-runs.ts'

const START_MS = 1_700_000_000_000
const NOW_MS = START_MS + 86_400_000
const START = START_MS / 1000

/** 10.0.0.0 to 10.0.0.15 in d1, of which odd ones change hands; one in d2, one on the internet. */
function polledIndex(): OwnershipIndex {
  const index = createOwnershipIndex()
  const source = new TestSource(index, { covered: ['d1 10.0.0.0/8', 'd2 192.168.0.0/16', 'inet.0 0.0.0.0/0'] })
  for (let seconds = 100; seconds <= 1000; seconds += 100) {
    const shown = Array.from({ length: 16 }, (_, i) => ({
      address: `10.0.0.${i}`,
      owner: owner(i % 2 === 1 && seconds > 500 ? `late-${i}` : `a "quoted", ${i}`, `i-${i}-${seconds > 500}`),
    }))
    source.poll(START_MS + seconds * 1000, START_MS + seconds * 1000 + 5, [
      ...shown,
      { address: '192.168.1.1', domain: 'd2', owner: owner('other') },
      { address: '8.8.4.4', domain: 'inet.0', owner: owner('edge') },
    ])
  }
  return index
}
const index = polledIndex()

/** Counts what it hands over. */
class Counting extends AnswerThreads {
  handed = 0
  override begin(asked: JobOf): Job {
    const job = super.begin(asked)
    const answer: Job['answer'] = lines => {
      this.handed++
      return job.answer(lines)
    }
    return { ...job, answer }
  }
}

const deaths: unknown[] = []
const options = {
  threads: 2,
  // Threads start from sources.
  execArgv: ['--import', new URL('../../../bench/typescript.mjs', import.meta.url).href],
  report: { answerThreadDied: (death: unknown) => deaths.push(death) },
}
const threads = new Counting(options)
const ready = async () => {
  threads.start()
  while (!threads.isReady) await sleep(10)
}
beforeAll(ready, 60_000)
afterAll(() => threads.close())

type Asking = {
  readonly type: string
  readonly text: string
  readonly reader: Reader
  readonly sizes: readonly number[]
}

async function* bodyOf({ text, sizes }: Pick<Asking, 'text' | 'sizes'>): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text)
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    yield Buffer.from(bytes.subarray(at, at + size))
    at += size
  }
}

async function wholeOf(answers: AsyncIterable<Buffer>): Promise<string> {
  const out: Buffer[] = []
  for await (const piece of answers) out.push(Buffer.from(piece))
  return Buffer.concat(out).toString()
}

/** The old way: one transform, one piece after the other; and the new one. Both with how many addresses were asked about. */
function bothWays(asking: Asking): {
  readonly inTurn: () => AsyncGenerator<Buffer>
  readonly text: LongText
  asked(): readonly number[]
} {
  const { type, reader } = asking
  const sources = index.sources()
  const generation = index.generation()
  const [alone, together] = [0, 1].map(() => new ManyLookUps(generation, reader, NOW_MS)) as [ManyLookUps, ManyLookUps]
  const asked = () => [alone.asked, together.asked]
  const given = { reader, lookUps: together, sources }
  if (type === 'text/plain') {
    const options: AnnotatorOptions = { at: { fromMs: START_MS + 450_000, untilMs: START_MS + 450_001 }, zoneMs: 0 }
    const annotator = (lookUps: ManyLookUps) => new Annotator(lookUps, new DecidedDomains(sources), options)
    const lines = { here: annotator(together), form: () => ({ kind: 'text', options }) as const }
    const text = longTextOf(lines, { ...given, cutter: new TextPieces() })
    return { inTurn: () => inTurn(annotator(alone))(bodyOf(asking)), text, asked }
  }
  const form = bulkFormOf(type, new DecidedDomains(sources), { view: 'brief', at: String(START + 300) })
  const lines = form.linesOf?.(together)
  if (lines === undefined) throw new Error(`${type} has no lines`)
  const text = longTextOf(lines, { ...given, cutter: new LinePieces() })
  return { inTurn: () => inTurn(form.transformOf(alone))(bodyOf(asking)), text, asked }
}

const address = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 17 }).map(i => `10.0.0.${i}`) },
  fc.constantFrom('8.8.4.4', '1.1.1.1', '192.168.1.1', '192.168.3.4', '2001:db8::1', '10.0.0.05', '172.16.0.1', 'x'),
)
const at = fc.oneof(fc.integer({ min: START + 50, max: START + 1100 }).map(String), fc.constantFrom('', '5 past'))
const domain = fc.constantFrom('d1', 'd1', '', 'd2', 'inet.0', 'd3', 'not a name')
const tooLong = 'x'.repeat(LONGEST_LINE_BYTES + 1)
const oddLine = fc.constantFrom(
  '',
  '"10.0.0.1',
  '"10.0.0.1",,d1',
  ',,,',
  tooLong,
  'x'.repeat(LONGEST_LINE_BYTES),
  '\t',
  '{',
)
const csvLine = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(address, at, domain, fc.constantFrom('', '', '443')).map(row => row.join(',')) },
  oddLine,
)
const csvHead = fc.constantFrom(
  'ip,at,domain,port',
  'note,ip,at,domain',
  'ip',
  '10.0.0.3',
  '\ufeffIP,At',
  `${tooLong}\nip,at`,
)
const jsonLine = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({ ip: address, at, domain }, { requiredKeys: ['ip'] }).map(asked => JSON.stringify(asked)),
  },
  oddLine,
)
const textLine = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .tuple(at, address, fc.constantFrom(':443', '', '.22', '/24'))
      .map(([time, ip, port]) => `${time} from ${ip}${port} to 10.0.0.1:80`),
  },
  { weight: 2, arbitrary: oddLine },
  // Longer than is kept: with a blank near its beginning, near its end, and with none. What comes behind the cut has no time.
  fc.constantFrom(
    `${START + 900} 10.0.0.1 ${'y'.repeat(66_500)} 10.0.0.3 z`,
    `10.0.0.1 ${'y'.repeat(70_000)}`,
    `${'z'.repeat(70_000)} 10.0.0.2 10.0.0.3`,
    'w'.repeat(140_000),
  ),
)
const lineEnd = fc.constantFrom('\n', '\r\n')

/** Some drawn lines, again and again in another order, so that the text is long and what was answered before counts. */
const textOf = (head: fc.Arbitrary<string>, line: fc.Arbitrary<string>) =>
  fc
    .tuple(
      head,
      fc.array(line, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 60 }),
      lineEnd,
      fc.boolean(),
    )
    .map(([first, lines, times, end, isEnded]) => {
      const all = Array.from(
        { length: times * lines.length },
        (_, i) => lines[(i * 7 + Math.floor(i / 11)) % lines.length],
      )
      return [...(first === '' ? [] : [first]), ...all].join(end) + (isEnded ? end : '')
    })
const asking = fc.record({
  asked: fc.oneof(
    fc.record({ type: fc.constant('text/csv'), text: textOf(csvHead, csvLine) }),
    fc.record({ type: fc.constant('application/x-ndjson'), text: textOf(fc.constant(''), jsonLine) }),
    fc.record({ type: fc.constant('text/plain'), text: textOf(fc.constant(''), textLine) }),
  ),
  reader: fc.constantFrom(READS_EVERY_DOMAIN, readerOfDomains(['d1', 'inet.0'])),
  sizes: fc.array(fc.oneof(fc.integer({ min: 30, max: 300 }), fc.integer({ min: 300, max: 70_000 })), {
    minLength: 1,
    maxLength: 5,
  }),
  bytesHere: fc.integer({ min: 1, max: 3000 }),
})

describe('long requests', () => {
  test('are answered by threads byte for byte as in turn, with as many addresses', async () => {
    await fc.assert(
      fc.asyncProperty(asking, async ({ asked, reader, sizes, bytesHere }) => {
        const ways = bothWays({ ...asked, reader, sizes })
        const expected = await wholeOf(ways.inTurn())
        const told = await wholeOf(longAnswers(bodyOf({ ...asked, sizes }), ways.text, threads, bytesHere))
        expect(told === expected ? '' : firstDifference(told, expected)).toBe('')
        const [alone, together] = ways.asked()
        expect(together).toBe(alone)
      }),
      propertyRuns(60),
    )
    // How many pieces a body comes to depends on how quickly threads answer.
    expect(threads.handed).toBeGreaterThan(50)
    expect(deaths).toEqual([])
  }, 300_000)

  const long = {
    type: 'text/csv',
    text: `ip,at,domain\n${`10.0.0.1,${START + 300},d1\n`.repeat(60_000)}`,
    sizes: [65_536],
    reader: READS_EVERY_DOMAIN,
  }

  test('go to threads from both routes, are counted whole in the audit log, and end with the app', async () => {
    const own = new Counting(options)
    own.start()
    while (!own.isReady) await sleep(10)
    const noted: number[] = []
    const security = {
      login: undefined,
      openMetrics: true,
      openPage: true,
      requestsPerMinute: 0,
      corsOrigins: [],
      audit: true,
      report: { requestRefused() {}, lookedUp: ({ addresses }: AuditEntry) => noted.push(addresses) },
    }
    const given = {
      index,
      generation: () => index.generation(),
      security,
      clock: { now: () => NOW_MS, sleep: systemClock.sleep },
    }
    const told: string[] = []
    for (const over of [{}, { threads: own }]) {
      const { app } = await testApi({ ...given, ...over })
      for (const [url, type] of [
        ['/v1/whohad', 'text/csv'],
        [`/v1/annotate?domain=d1&at=${START + 300}`, 'text/plain'],
      ] as const) {
        const { body, statusCode } = await app.inject({
          method: 'POST',
          url,
          headers: { 'content-type': type },
          payload: Readable.from(bodyOf(long)),
        })
        expect(statusCode).toBe(200)
        told.push(body)
      }
      await app.close()
    }
    expect(told.slice(2).map((body, i) => body === told[i])).toEqual([true, true])
    expect(told[1]?.length).toBeGreaterThan(long.text.length)
    expect(noted).toEqual([60_000, 60_000, 60_000, 60_000])
    expect(own.handed).toBeGreaterThan(10)
    expect(own.isReady).toBe(false)
  }, 120_000)

  test('of a caller whose rights are not data stay in this thread', async () => {
    const before = threads.handed
    const asked = {
      ...long,
      text: long.text.slice(0, 28 * 1500),
      reader: { readable: (name: string) => name !== 'd1' },
    }
    const ways = bothWays(asked)
    const told = await wholeOf(longAnswers(bodyOf(asked), ways.text, threads, 1))
    expect(told === (await wholeOf(ways.inTurn()))).toBe(true)
    expect(told).toMatch(/,d1,unknown,no-such-domain,/)
    expect(threads.handed).toBe(before)
  }, 60_000)

  test('are read no faster than their answers are, and let go of when nobody reads on', async () => {
    let read = 0
    let isOver = false
    async function* body() {
      try {
        for await (const piece of bodyOf(long)) {
          read += piece.length
          yield piece
        }
      } finally {
        isOver = true
      }
    }
    const answers = longAnswers(body(), bothWays(long).text, threads)
    for (let i = 0; i < 8; i++) await answers.next()
    await sleep(300)
    // Four pieces under way, one that waits, one that is being read; eight were answered.
    expect(read).toBeLessThanOrEqual(14 * 65_536)
    await answers.return(undefined)
    await expect.poll(() => isOver).toBe(true)
    expect(read).toBeLessThan(long.text.length)
  }, 60_000)

  test('whose body breaks off fail with what broke it', async () => {
    async function* body() {
      for await (const piece of bodyOf(long)) {
        yield piece
        if (threads.handed > before + 5) throw new Error('the client has gone')
      }
    }
    const before = threads.handed
    await expect(wholeOf(longAnswers(body(), bothWays(long).text, threads))).rejects.toThrow('the client has gone')
  }, 60_000)

  test('fail with their thread, which another one replaces', async () => {
    // A job that no thread can begin ends each that is asked to.
    const broken = { columns: { base: 'nonsense' } } as unknown as Generation
    const asked = bothWays(long).text
    for await (const _ of longAnswers(bodyOf({ ...long, sizes: [20] }), asked, undefined)) break
    const begun = asked.job() as JobOf
    const fatal = threads.begin({ ...begun, generation: broken })
    const good = threads.begin(begun)
    const lines = () => new Uint8Array(Buffer.from(`10.0.0.1,${START + 300},d1\n`))
    const answers = [fatal, fatal, good, good].map(job =>
      job.answer(lines()).then(
        () => 'answered',
        error => error.code,
      ),
    )
    expect(await Promise.all(answers)).toEqual(Array(4).fill('WHOHAD_ANSWER_THREAD_DIED'))
    expect(deaths).toMatchObject(Array(2).fill({ cause: { code: 'WHOHAD_ANSWER_THREAD_DIED', retriable: true } }))
    await expect(good.answer(lines())).rejects.toMatchObject({ code: 'WHOHAD_ANSWER_THREAD_DIED' })
    await ready()
    const { answers: told, asked: count } = await good.answer(lines())
    expect([told.toString(), count]).toEqual([expect.stringMatching(/^10\.0\.0\.1,\d+,d1,d1,owned,sighted,/), 1])
    for (const job of [fatal, good]) job.end()
  }, 120_000)
})

function firstDifference(told: string, expected: string): string {
  let i = 0
  while (told[i] === expected[i] && i < expected.length) i++
  return `at ${i}: ${JSON.stringify(told.slice(i - 80, i + 80))} instead of ${JSON.stringify(expected.slice(i - 80, i + 80))}`
}
