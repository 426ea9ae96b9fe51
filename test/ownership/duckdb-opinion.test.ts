import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Change } from '../../src/ownership/claim.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { claimOf, sourceRecordOf } from '../support/changes.ts'
import { indexOf, owner, prefix, question } from '../support/estate.ts'

// A second opinion from an engine that shares no line with ours: DuckDB's ASOF join. It knows no prefixes, windows or
// ties, so it is asked only where there are none: hosts, exact boundaries, one holder after another.

const SOURCE = 'titus/main'
const COVERED_UNTIL_MS = 60_000
/** An as-of row without an owner would be passed over, and the previous owner come back: nobody has a name, too. */
const NOBODY = 'nobody'

type Held = { readonly ip: string; readonly holder: string; readonly fromMs: number; readonly untilMs: number }
type Asked = { readonly ip: string; readonly atMs: number }
type Row = readonly [ip: string, sinceMs: number, holder: string]

let database: DuckDBInstance
let duckdb: DuckDBConnection
beforeAll(async () => {
  database = await DuckDBInstance.create(':memory:', { threads: '1' })
  duckdb = await database.connect()
})
afterAll(() => {
  duckdb.closeSync()
  database.closeSync()
})

/** Who held each address according to DuckDB, in the order of the questions. */
async function duckdbOpinion(rows: readonly Row[], asked: readonly Asked[]): Promise<readonly string[]> {
  await duckdb.run('CREATE OR REPLACE TABLE holders (ip VARCHAR, since BIGINT, holder VARCHAR)')
  await duckdb.run('CREATE OR REPLACE TABLE asked (id INTEGER, ip VARCHAR, at_ms BIGINT)')
  const holders = await duckdb.createAppender('holders')
  for (const [ip, sinceMs, holder] of rows) {
    holders.appendVarchar(ip)
    holders.appendBigInt(BigInt(sinceMs))
    holders.appendVarchar(holder)
    holders.endRow()
  }
  holders.closeSync()
  const questions = await duckdb.createAppender('asked')
  for (const [id, { ip, atMs }] of asked.entries()) {
    questions.appendInteger(id)
    questions.appendVarchar(ip)
    questions.appendBigInt(BigInt(atMs))
    questions.endRow()
  }
  questions.closeSync()
  const joined = await duckdb.runAndReadAll(
    'SELECT holder FROM asked ASOF LEFT JOIN holders ON asked.ip = holders.ip AND asked.at_ms >= holders.since ORDER BY id',
  )
  return joined.getRows().map(([holder]) => (holder === null ? NOBODY : String(holder)))
}

/** One row where each holding begins, and one where nobody follows it. Holdings of an address come in order of time. */
function asRows(history: readonly Held[]): readonly Row[] {
  return history.flatMap(({ ip, holder, fromMs, untilMs }, i) => {
    const next = history[i + 1]
    const isFollowed = next?.ip === ip && next.fromMs === untilMs
    const begins: Row = [ip, fromMs, holder]
    return isFollowed ? [begins] : [begins, [ip, untilMs, NOBODY]]
  })
}

/** The same history as one source would have published it whose polls were complete and saw every boundary exactly. */
function asChanges(history: readonly Held[]): readonly Change[] {
  const polls = Array.from({ length: 11 }, (_, i) => i * (COVERED_UNTIL_MS / 10))
  const blocks = ['10.0.0.0/8', '2001:db8::/32']
  return [
    {
      ...sourceRecordOf(SOURCE, 1),
      scope: blocks.map(text => ({
        domain: 'd1',
        prefix: prefix(text),
        layers: ['interface', 'instance', 'container'],
        fromMs: 0,
      })),
      validity: { fromMs: 0, untilMs: Number.POSITIVE_INFINITY },
    },
    ...polls.map(
      (completeUpToMs, sequence): Change => ({
        record: 'progress',
        source: SOURCE,
        revision: { epoch: 1, sequence },
        completeUpToMs,
        overAtMs: completeUpToMs,
        counts: { addresses: 0, changed: 0 },
        refused: null,
      }),
    ),
    ...history.map(({ ip, holder, fromMs, untilMs }, i): Change => {
      const isOpen = untilMs >= COVERED_UNTIL_MS
      return claimOf(SOURCE, 1, 1, {
        id: `claim-${i}`,
        domain: 'd1',
        prefix: prefix(ip),
        layer: 'container',
        owners: [owner(holder, `task-${i}`)],
        start: { earliestMs: fromMs, latestMs: fromMs },
        end: isOpen
          ? { earliestMs: fromMs + 1, latestMs: Number.POSITIVE_INFINITY }
          : { earliestMs: untilMs, latestMs: untilMs },
        lastSightingMs: fromMs + 1,
        state: isOpen ? 'open' : 'closed',
      })
    }),
  ]
}

/** Neither doubt nor blindness has a place here: any such answer is its own word, and equal to no holder. */
function ourOpinion(index: OwnershipIndex, { ip, atMs }: Asked): string {
  const answer = index.ask(question(ip, atMs))
  if (answer.state === 'unowned') return NOBODY
  return answer.holding?.owner.application ?? `${answer.state} ${answer.reason}`
}

const HOSTS = [...Array.from({ length: 14 }, (_, i) => `10.0.${i % 3}.${i * 17}`), '2001:db8::1', '2001:db8:0:1::1']

const holdings = fc.array(
  fc.record({
    gapMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 9000 })),
    heldMs: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 12_000 })),
    holder: fc.integer({ min: 1, max: 5 }).map(number => `app-${number}`),
  }),
  { minLength: 1, maxLength: 20, size: 'max' },
)

/** The last holding of an address may outlast the coverage: it is open. No two holdings of an address overlap. */
const histories: fc.Arbitrary<readonly Held[]> = fc.tuple(...HOSTS.map(() => holdings)).map(lists =>
  lists.flatMap((steps, place) => {
    let nowMs = 0
    const held = steps.map(({ gapMs, heldMs, holder }) => {
      const fromMs = nowMs + gapMs
      nowMs = fromMs + heldMs
      return { ip: HOSTS[place] as string, holder, fromMs, untilMs: nowMs }
    })
    return held.filter(({ fromMs }) => fromMs < COVERED_UNTIL_MS - 1)
  }),
)

const published = histories.chain(history => {
  const changes = asChanges(history)
  const arrivals = fc
    .tuple(fc.shuffledSubarray([...changes], { minLength: changes.length }), fc.subarray([...changes]))
    .map(([once, again]) => [...once, ...again])
  return fc.record({ history: fc.constant(history), arrivals })
})

const anyTimes = fc.array(fc.integer({ min: 0, max: COVERED_UNTIL_MS - 1 }), { minLength: 60, maxLength: 60 })

/** On each boundary, the millisecond on both sides of it, and anywhere. */
function questionsAbout(history: readonly Held[], times: readonly number[]): readonly Asked[] {
  const near = history.flatMap(({ ip, fromMs, untilMs }) =>
    [fromMs, untilMs].flatMap(boundaryMs => [-1, 0, 1].map(shiftMs => ({ ip, atMs: boundaryMs + shiftMs }))),
  )
  const anywhere = HOSTS.flatMap(ip => times.map(atMs => ({ ip, atMs })))
  return [...near, ...anywhere].filter(({ atMs }) => atMs >= 0 && atMs < COVERED_UNTIL_MS)
}

test('for hosts that change hands at exact times, DuckDB’s ASOF join names the same holder at every instant', async () => {
  const seen = { owned: 0, nobody: 0, open: 0 }
  await fc.assert(
    fc.asyncProperty(published, anyTimes, async ({ history, arrivals }, times) => {
      const index = indexOf(arrivals)
      seen.open += history.filter(({ untilMs }) => untilMs >= COVERED_UNTIL_MS).length
      const questions = questionsAbout(history, times)
      const theirs = await duckdbOpinion(asRows(history), questions)
      for (const [i, one] of questions.entries()) {
        seen[theirs[i] === NOBODY ? 'nobody' : 'owned']++
        const ours = ourOpinion(index, one)
        if (ours !== theirs[i]) expect.fail(`${one.ip} at ${one.atMs}: we say ${ours}, DuckDB says ${theirs[i]}`)
      }
    }),
    { numRuns: 20, seed: 20230, endOnFailure: true },
  )
  // Agreement about nothing proves nothing.
  expect(seen.owned).toBeGreaterThan(14_000)
  expect(seen.nobody).toBeGreaterThan(14_000)
  expect(seen.open).toBeGreaterThan(50)
})

test('a release left out of the join revives the previous owner in DuckDB, and the comparison shows it', async () => {
  const history: readonly Held[] = [
    { ip: '10.0.0.1', holder: 'app-1', fromMs: 10, untilMs: 20 },
    { ip: '10.0.0.1', holder: 'app-2', fromMs: 30, untilMs: 40 },
  ]
  const times = [9, 10, 19, 20, 29, 30, 39, 40]
  const questions = times.map(atMs => ({ ip: '10.0.0.1', atMs }))
  const index = createOwnershipIndex()
  for (const change of asChanges(history)) index.apply(change)
  const truth = [NOBODY, 'app-1', 'app-1', NOBODY, NOBODY, 'app-2', 'app-2', NOBODY]
  expect(questions.map(one => ourOpinion(index, one))).toEqual(truth)
  expect(await duckdbOpinion(asRows(history), questions)).toEqual(truth)

  const withoutReleases = asRows(history).filter(([, , holder]) => holder !== NOBODY)
  const revived = [NOBODY, 'app-1', 'app-1', 'app-1', 'app-1', 'app-2', 'app-2', 'app-2']
  expect(await duckdbOpinion(withoutReleases, questions)).toEqual(revived)
})
