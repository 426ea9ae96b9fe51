import type { ClickHouseClient } from '@clickhouse/client'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Change, Claim } from '../../src/ownership/claim.ts'
import type {
  AttributedFlow,
  GapQuery,
  Store,
  StoredChange,
  StoredCorrection,
  StoredGap,
} from '../../src/store/port.ts'
import { anyChange } from '../support/changes.ts'
import {
  claim,
  correction,
  deadLetter,
  end,
  flow,
  horizon,
  manifest,
  NOON_MS,
  progress,
  source,
} from '../support/clickhouse-rows.ts'
import { prefix } from '../support/estate.ts'
import { propertyRuns, propertyTimeoutMs } from '../support/property-runs.ts'
import { sampleChanges } from '../support/sample-changes.ts'

export type StoreUnderTest = {
  readonly store: Store
  /** A client of its own on the same database, to look behind the port. */
  readonly client: ClickHouseClient
  close(): Promise<void>
}

/** What every driver of the store promises. Tests share one store, and so each uses names of its own. */
export function storeContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`the store on ${name}`, () => {
    let tested: StoreUnderTest
    let store: Store
    const select = async <Row>(query: string): Promise<Row[]> =>
      (await tested.client.query({ query, format: 'JSONEachRow' })).json<Row>()

    beforeAll(async () => {
      tested = await open()
      store = tested.store
      await store.migrate()
    })
    afterAll(() => tested?.close())

    const committed = async (objectId: string, flows: readonly AttributedFlow[], generation = 1) => {
      await store.putObject(manifest({ objectId, generation, state: 'started' }))
      await store.insertFlows(flows.map(given => ({ ...given, objectId, generation })))
      await store.putObject(manifest({ objectId, generation, state: 'committed', updatedAtMs: NOON_MS + 1 }))
    }
    const logged = (changes: readonly Change[], partition: number, offset = 0) =>
      changes.map((change, i) => ({ change, partition, offset: offset + i, loggedAtMs: NOON_MS + i }))

    test('answers a ping', () => expect(store.ping()).resolves.toBeUndefined())

    test('migrating again changes nothing', async () => {
      const before = await select('SELECT * FROM schema_migrations ORDER BY number')
      await store.migrate()
      expect(before.length).toBeGreaterThan(0)
      expect(await select('SELECT * FROM schema_migrations ORDER BY number')).toEqual(before)
    })

    test('flows come back as they were written, in the order of their records', async () => {
      const first = flow({ objectId: 'order', record: 1, bytes: Number.MAX_SAFE_INTEGER, packets: 0 })
      const second = flow({ objectId: 'order', record: 2, source: end({ candidates: ['i-1', "it's", ''] }) })
      await committed('order', [second, first])
      expect(await store.flowsOf('order')).toEqual([first, second])
    })

    test('any text in any field survives the way there and back', async () => {
      const nasty = fc.constantFrom(
        '\t',
        '\n',
        '\r',
        '\\',
        '\\N',
        "'",
        '"',
        '\0',
        '\b',
        '\f',
        ';',
        '\n\n',
        '{a:String}',
      )
      const text = fc
        .array(fc.oneof(nasty, fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })), { maxLength: 4 })
        .map(parts => Buffer.from(parts.join('')).toString())
      const textEnd = fc.record({ domain: text, application: text, candidates: fc.array(text, { maxLength: 3 }) })
      let run = 0
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(text, textEnd, textEnd), { minLength: 20, maxLength: 60 }), async rows => {
          const objectId = `text-${run++}`
          const flows = rows.map(([action, left, right], i) =>
            flow({ objectId, record: i + 1, action, source: end(left), destination: end(right) }),
          )
          await committed(objectId, flows)
          expect(await store.flowsOf(objectId)).toEqual(flows)
        }),
        { numRuns: 12, seed: 7 },
      )
    })

    test('an object id of any text is found by itself alone', async () => {
      const ids = ["quote' OR 1=1 --", 'tab\there', 'back\\slash', '{object_id:String}', 'semi;colon']
      for (const objectId of ids) await store.putObject(manifest({ objectId }))
      for (const objectId of ids) expect((await store.findObject(objectId))?.objectId).toBe(objectId)
    })

    test('an object larger than one page comes back whole', async () => {
      const flows = Array.from({ length: 50_001 }, (_, i) => flow({ objectId: 'large', record: i }))
      await committed('large', flows)
      const found = await store.flowsOf('large')
      expect(found.length).toBe(50_001)
      expect(found.every((row, i) => row.record === i)).toBe(true)
    }, 120_000)

    test('flows of an uncommitted object are not there', async () => {
      await store.putObject(manifest({ objectId: 'started' }))
      await store.insertFlows([flow({ objectId: 'started' })])
      expect(await store.flowsOf('started')).toEqual([])
    })

    test('a correction replaces the generation before it once it is committed, and not earlier', async () => {
      const before = flow({ objectId: 'corrected', action: 'before' })
      const after = flow({ objectId: 'corrected', action: 'after', generation: 2 })
      await committed('corrected', [before])
      await store.putObject(manifest({ objectId: 'corrected', generation: 2 }))
      await store.insertFlows([after])
      expect(await store.flowsOf('corrected')).toEqual([before])
      expect(await store.committedObjects()).not.toContain('corrected')
      await store.putObject(manifest({ objectId: 'corrected', generation: 2, state: 'committed' }))
      expect(await store.flowsOf('corrected')).toEqual([after])
      expect(await store.committedObjects()).toContain('corrected')
    })

    test('every write may be repeated', async () => {
      const flows = [1, 2, 3].map(record =>
        flow({ objectId: 'twice', record, source: end({ reason: 'contract-twice', state: 'unknown' }) }),
      )
      const changes = logged([claim({ id: 'twice' }), source(), progress(), horizon()], 2)
      for (let times = 0; times < 3; times++) {
        await committed('twice', flows)
        await store.insertChanges(changes)
        await store.insertDeadLetters([deadLetter({ origin: 'twice' })])
      }
      expect(await store.flowsOf('twice')).toEqual(flows)
      expect((await store.countStates()).filter(count => count.reason === 'contract-twice')).toEqual([
        { side: 'source', state: 'unknown', reason: 'contract-twice', flows: 3, bytes: 3_000 },
      ])
      for (const table of ['claims', 'sources', 'coverage', 'horizons'])
        expect(await select(`SELECT toInt32(count()) AS n FROM ${table} FINAL WHERE stream_partition = 2`)).toEqual([
          { n: 1 },
        ])
      expect(await select("SELECT toInt32(count()) AS n FROM dead_letters FINAL WHERE origin = 'twice'")).toEqual([
        { n: 1 },
      ])
    })

    test('a manifest comes back as written, the newest generation of it', async () => {
      const older = manifest({ objectId: 'manifest', generation: 1, state: 'committed' })
      const newer = manifest({
        objectId: 'manifest',
        generation: 2,
        records: 9,
        skipped: 2,
        deadLetters: 1,
        position: [],
      })
      await store.putObject(newer)
      await store.putObject(older)
      expect(await store.findObject('manifest')).toEqual(newer)
      expect(await store.findObject('nobody')).toBeUndefined()
    })

    test('a committed generation stays committed, even if its start is written again later', async () => {
      await store.putObject(manifest({ objectId: 'late', state: 'committed', updatedAtMs: NOON_MS }))
      await store.putObject(manifest({ objectId: 'late', state: 'started', updatedAtMs: NOON_MS + 60_000 }))
      expect((await store.findObject('late'))?.state).toBe('committed')
      expect(await store.committedObjects()).toContain('late')
    })

    test('objects with records that may be answered otherwise are those whose newest committed generation says so', async () => {
      for (const [generation, openRecords] of [3, 0].entries())
        await store.putObject(manifest({ objectId: 'settled', generation, openRecords, state: 'committed' }))
      await store.putObject(manifest({ objectId: 'waiting', openRecords: 2, state: 'committed' }))
      await store.putObject(manifest({ objectId: 'waiting', generation: 2, state: 'started' }))
      const open = (await store.openObjects()).filter(({ objectId }) => ['settled', 'waiting'].includes(objectId))
      expect(open).toEqual([manifest({ objectId: 'waiting', openRecords: 2, state: 'committed' })])
      // Found as it should be: the same generation, looked at again.
      const looked = manifest({ objectId: 'waiting', openRecords: 0, state: 'committed', updatedAtMs: NOON_MS + 9 })
      await store.putObject(looked)
      expect((await store.openObjects()).map(({ objectId }) => objectId)).not.toContain('waiting')
    })

    test('what was answered is known by the newest end of a committed object, and a store without one says so', async () => {
      await store.putObject(manifest({ objectId: 'none', state: 'committed', newestEndMs: Number.NEGATIVE_INFINITY }))
      expect((await store.findObject('none'))?.newestEndMs).toBe(Number.NEGATIVE_INFINITY)
      await store.putObject(manifest({ objectId: 'begun', state: 'started', newestEndMs: NOON_MS + 9e9 }))
      await store.putObject(manifest({ objectId: 'newest', state: 'committed', newestEndMs: NOON_MS + 8e9 }))
      expect(await store.answeredUntilMs()).toBe(NOON_MS + 8e9)
    })

    test('corrections are read from a position on, each once, with all parts of a change', async () => {
      const at = (partition: number, offset: number, part = 0) =>
        correction({ partition, offset, part, enis: part === 0 ? [] : ['eni-1', "e'2"] })
      const all = [at(0, 5), at(0, 9), at(0, 9, 1), at(0, 9, 2), at(2, 1), at(2, 7)]
      await store.insertCorrections([...all].reverse())
      await store.insertCorrections(all.slice(0, 3))
      expect(await store.corrections([], 100)).toEqual(all)
      expect(await store.corrections([], 2)).toEqual(all.slice(0, 4))
      expect(await store.corrections([6, 0, 2], 100)).toEqual([...all.slice(1, 4), at(2, 7)])
      const forever = correction({ partition: 2, offset: 8, fromMs: Number.NEGATIVE_INFINITY })
      await store.insertCorrections([forever])
      expect(await store.corrections([99, 0, 8], 100)).toEqual([forever])
    })

    test('how far an enricher has corrected is kept by its name, and never goes back', async () => {
      expect(await store.correctedUpTo('s3://no/one')).toEqual([])
      await store.putCorrectedUpTo("s3://it's/", [3, 0, 7])
      await store.putCorrectedUpTo("s3://it's/", [2, 1, 7])
      expect(await store.correctedUpTo("s3://it's/")).toEqual([3, 1, 7])
      expect(await store.correctedUpTo('s3://no/one')).toEqual([])
    })

    test('objects are touched by address and time, by block, by interface, and where the domain is open', async () => {
      const startSeconds = 1_700_000_000
      const rows = {
        host: flow({ source: end({ ip: '10.77.0.1', domain: 'vpc-7' }), interfaceId: 'eni-h' }),
        other: flow({ source: end({ ip: '10.77.0.1', domain: 'vpc-8' }), interfaceId: 'eni-o' }),
        placeless: flow({ destination: end({ ip: '10.77.0.1', domain: '' }), interfaceId: 'eni-p' }),
        late: flow({ source: end({ ip: '10.77.0.1', domain: 'vpc-7' }), startSeconds: startSeconds + 900 }),
        v6: flow({ destination: end({ ip: '2001:db8:7::9', domain: 'vpc-7' }), interfaceId: 'eni-6' }),
      }
      for (const [name, row] of Object.entries(rows)) {
        const start = row.startSeconds === startSeconds + 900 ? row.startSeconds : startSeconds
        await committed(`touched-${name}`, [{ ...row, startSeconds: start, endSeconds: start + 60 }])
      }
      const fromMs = (startSeconds + 61) * 1000
      type Given = Partial<Omit<StoredCorrection, 'prefix'>> & { readonly prefix?: string }
      const touched = async (
        { prefix: block = '10.77.0.1/32', ...given }: Given,
        by: { slackMs?: number; anyDomain?: boolean } = {},
      ) => {
        const one = correction({
          domain: 'vpc-7',
          prefix: prefix(block),
          fromMs: fromMs - 1,
          untilMs: fromMs,
          ...given,
        })
        const found = await store.touchedObjects([one], { slackMs: 0, anyDomain: false, ...by })
        return found.map(({ objectId }) => objectId.replace('touched-', '')).sort()
      }
      expect(await touched({})).toEqual(['host', 'placeless'])
      expect(await touched({}, { anyDomain: true })).toEqual(['host', 'other', 'placeless'])
      expect(await touched({ fromMs, untilMs: fromMs + 1 })).toEqual([])
      const before = { fromMs: (startSeconds - 60) * 1000, untilMs: startSeconds * 1000 }
      expect(await touched(before)).toEqual([])
      expect(await touched(before, { slackMs: 1 })).toEqual(['host', 'placeless'])
      expect(await touched({ prefix: '10.77.0.0/24', untilMs: fromMs + 9_000_000 })).toEqual([
        'host',
        'late',
        'placeless',
      ])
      expect(await touched({ prefix: '2001:db8:7::/64' })).toEqual(['v6'])
      expect(await touched({ prefix: '2001:db8:7::9/128' })).toEqual(['v6'])
      expect(await touched({ prefix: '192.0.2.1/32', enis: ['eni-6', 'eni-o'] })).toEqual(['other', 'v6'])
      expect(await touched({ prefix: '0.0.0.0/0', fromMs: Number.NEGATIVE_INFINITY })).toContain('host')
    })

    test('what a correction moved is the difference between one committed generation and the next', async () => {
      await committed('moved', [flow({ record: 1 }), flow({ record: 2 })])
      await committed('moved', [flow({ record: 1 }), flow({ record: 2, source: end({ application: 'search' }) })], 2)
      const moved = 'SELECT toInt32(record) AS record, src_app_before, src_app, dst_app FROM flows_moved'
      expect(await select(`${moved} WHERE object_id = 'moved'`)).toEqual([
        { record: 2, src_app_before: 'checkout', src_app: 'search', dst_app: 'ledger' },
      ])
      expect((await store.flowsOf('moved')).map(({ generation }) => generation)).toEqual([2, 2])
    })

    test('the end of the change stream is one past the last offset of each partition, in any order of batches', async () => {
      await store.insertChanges(logged([progress(), progress()], 5, 40))
      await store.insertChanges(logged([progress()], 5, 7))
      await store.insertChanges(logged([claim()], 7, 0))
      const ends = await store.changesEnd()
      expect([ends.length, ends[5], ends[6], ends[7]]).toEqual([8, 42, 0, 1])
    })

    test('a batch of changes that failed half-way is asked for again', async () => {
      const batch = logged([claim({ id: 'half' }), progress({ source: 'half' })], 4)
      await tested.client.command({ query: 'RENAME TABLE coverage TO coverage_away' })
      await expect(store.insertChanges(batch)).rejects.toMatchObject({ code: 'WHOHAD_STORE_STATEMENT_FAILED' })
      await tested.client.command({ query: 'RENAME TABLE coverage_away TO coverage' })
      expect((await store.changesEnd())[4] ?? 0).toBe(0)
      await store.insertChanges(batch)
      expect((await store.changesEnd())[4]).toBe(2)
      expect(await select("SELECT claim_id FROM claims FINAL WHERE claim_id = 'half'")).toEqual([{ claim_id: 'half' }])
    })

    test('claims keep every revision, to the millisecond, with no bound where there is none', async () => {
      const open = claim({ id: 'kept', ports: { first: 1024, last: 2047 }, lifetimeId: 'task-1' })
      const closed = claim({
        id: 'kept',
        revision: { epoch: 1, sequence: 2 },
        state: 'closed',
        owners: [...open.owners],
      })
      await store.insertChanges(logged([open, closed], 1))
      const rows = await select<Record<string, unknown>>(`
        SELECT state, application, detail, owners, first_port, last_port, lifetime_id, expects, whole,
          start_earliest_ms, toString(start_latest_ms) AS latest, toString(start_latest) AS latest_time,
          end_latest_ms, toString(logged_at) AS logged
        FROM claims FINAL WHERE claim_id = 'kept' ORDER BY revision_sequence`)
      expect(rows.map(row => row['state'])).toEqual(['open', 'closed'])
      expect(JSON.parse(String(rows[0]?.['owners']))).toEqual(open.owners)
      expect(rows[0]).toMatchObject({
        application: 'checkout',
        detail: '',
        first_port: 1024,
        last_port: 2047,
        lifetime_id: 'task-1',
        expects: ['container'],
        whole: false,
        start_earliest_ms: null,
        latest: String(NOON_MS - 1),
        latest_time: new Date(NOON_MS - 1).toISOString().replace('T', ' ').replace('Z', ''),
        end_latest_ms: null,
        logged: new Date(NOON_MS).toISOString().replace('T', ' ').replace('Z', ''),
      })
    })

    test('a refused poll is kept with its reason', async () => {
      const refused = progress({ source: 'refused', refused: { reason: 'throttled', detail: 'page 3 of ?' } })
      await store.insertChanges(logged([refused], 1, 20))
      expect(
        await select("SELECT refused_reason, refused_detail FROM coverage FINAL WHERE source = 'refused'"),
      ).toEqual([{ refused_reason: 'throttled', refused_detail: 'page 3 of ?' }])
    })

    /** Partitions that no other test writes to. */
    const [LEFT, RIGHT] = [0, 3]
    const never = new AbortController().signal
    const readBack = async (from: readonly number[], until: readonly number[]) => {
      const read: StoredChange[] = []
      for await (const batch of store.readChanges(from, until, never)) {
        expect(batch.length).toBeGreaterThan(0)
        read.push(...batch)
      }
      return read
    }

    test('changes are read back just as they were logged: texts, both infinities, null and the order of lists', async () => {
      const nasty = ['\\N', '\\', "it's", '\t\n\r\0\b\f', '"', 'NULL', "','", '[]', '{a:String}', '\u{1f600}', '']
      const owners = nasty.map((text, i) => ({
        ...(claim().owners[0] as Claim['owners'][number]),
        application: i % 2 === 0 ? text : null,
        labels: Object.fromEntries([
          [text, text],
          ['__proto__', text],
          ['1', 'one'],
        ]),
      }))
      const changes = [
        ...Object.values(sampleChanges).flat(),
        ...nasty.map(text =>
          claim({ id: `id${text}`, domain: `d${text}`, source: `s${text}`, lifetimeId: text, owners }),
        ),
        claim({ expects: ['container', 'instance', 'container'], whole: true, ports: { first: 0, last: 0 } }),
        ...nasty.map(text => progress({ source: `s${text}`, refused: { reason: text, detail: text } })),
        ...nasty.map(text => source({ kind: text, scope: [] })),
        source({ validity: { fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY } }),
        ...nasty.map(text => horizon({ domain: `d${text}` })),
      ]
      const stored = logged(changes, LEFT, 1_000)
      await store.insertChanges(stored)
      expect(await readBack([1_000], [2_000])).toStrictEqual(stored)
    })

    test('an infinity that a field cannot mean is refused, not taken for the other one', async () => {
      const up = Number.POSITIVE_INFINITY
      for (const change of [
        claim({ start: { earliestMs: up, latestMs: up } }),
        claim({ end: { earliestMs: 0, latestMs: Number.NEGATIVE_INFINITY } }),
        claim({ lastSightingMs: up }),
        progress({ completeUpToMs: up }),
        source({ scope: source().scope.map(scope => ({ ...scope, fromMs: up })) }),
        source({ validity: { fromMs: up, untilMs: up } }),
        horizon({ beforeMs: up }),
      ])
        await expect(store.insertChanges(logged([change], LEFT, 3_000))).rejects.toMatchObject({
          code: 'WHOHAD_STORE_STATEMENT_REFUSED',
        })
      expect(await readBack([3_000], [4_000])).toEqual([])
    })

    test(
      'whatever was inserted, how often and in what order, is read back once and in order, from and up to any place',
      async () => {
        const placed = fc.record({
          change: anyChange.map(change => structuredClone(change)), // with the prototypes that decoded ones have
          partition: fc.constantFrom(LEFT, RIGHT),
          gap: fc.constantFrom(1, 1, 1, 2, 9),
          loggedAtMs: fc.nat(),
        })
        const drawn = fc.record({
          placed: fc.array(placed, { minLength: 1, maxLength: 40 }),
          // Every change is in one batch at least, as `i % batches.length` says, and may be in others.
          batches: fc.array(fc.array(fc.nat({ max: 39 }), { maxLength: 8 }), { minLength: 1, maxLength: 4 }),
          from: fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 60 })),
          until: fc.tuple(fc.nat({ max: 120 }), fc.nat({ max: 120 })),
        })
        let base = 10_000
        await fc.assert(
          fc.asyncProperty(drawn, async ({ placed, batches, from, until }) => {
            base += 1_000
            const next = new Map([LEFT, RIGHT].map(partition => [partition, base]))
            const stored = placed.map(({ gap, ...at }) => {
              const offset = (next.get(at.partition) ?? 0) + gap - 1
              next.set(at.partition, offset + 1)
              return { ...at, offset }
            })
            for (const [b, batch] of batches.entries())
              await store.insertChanges(stored.filter((_, i) => i % batches.length === b || batch.includes(i)))
            const within = (partition: number, side: 0 | 1) =>
              stored.filter(
                at => at.partition === partition && at.offset >= base + from[side] && at.offset < base + until[side],
              )
            const read = await readBack(
              [base + from[0], 0, 0, base + from[1]],
              [base + until[0], 0, 0, base + until[1]],
            )
            expect(read).toStrictEqual([...within(LEFT, 0), ...within(RIGHT, 1)])
          }),
          propertyRuns(25),
        )
      },
      propertyTimeoutMs(120_000),
    )

    test('a history of many pages comes back whole, though its parts overlap', async () => {
      const stored = Array.from({ length: 45_001 }, (_, i) => ({
        change: i % 20_000 === 19_999 || i % 97 === 0 ? progress({ source: `s${i}` }) : claim({ id: `c${i}` }),
        partition: RIGHT,
        offset: i + 1_000_000,
        loggedAtMs: NOON_MS + i,
      }))
      await store.insertChanges(stored.slice(15_000))
      await store.insertChanges(stored.slice(0, 30_000))
      const read = await readBack([0, 0, 0, 1_000_000], [0, 0, 0, 2_000_000])
      expect(read.length).toBe(stored.length)
      expect(read.findIndex((row, i) => row.offset !== stored[i]?.offset)).toBe(-1)
      for (const i of [0, 19_998, 19_999, 20_000, 20_001, 39_999, 40_000, 45_000])
        expect(read[i]).toStrictEqual(stored[i])
    }, 120_000)

    test('reading changes ends on the signal: before the first batch, between two, and while waiting for one', async () => {
      await store.insertChanges(logged([progress()], LEFT, 5_000))
      await store.insertChanges(logged([progress()], RIGHT, 5_000))
      const reading = () => {
        const stopping = new AbortController()
        const from = [5_000, 0, 0, 5_000]
        const until = from.map(offset => offset && offset + 1)
        return { stopping, batches: store.readChanges(from, until, stopping.signal)[Symbol.asyncIterator]() }
      }
      const before = reading()
      before.stopping.abort()
      expect((await before.batches.next()).done).toBe(true)
      const between = reading()
      expect((await between.batches.next()).value).toMatchObject([{ partition: LEFT, offset: 5_000 }])
      between.stopping.abort()
      expect((await between.batches.next()).done).toBe(true)
      const during = reading()
      const first = during.batches.next()
      during.stopping.abort()
      expect((await first).done).toBe(true)
      const whole = reading()
      for (const partition of [LEFT, RIGHT])
        expect((await whole.batches.next()).value).toMatchObject([{ partition, offset: 5_000 }])
      expect((await whole.batches.next()).done).toBe(true)
    })

    test('states are counted by side and reason, over committed flows only', async () => {
      const ambiguous = end({ state: 'ambiguous', reason: 'contract-count' })
      const unknown = end({ state: 'unknown', reason: 'contract-count' })
      await committed('count', [
        flow({ record: 1, source: ambiguous, destination: unknown, bytes: 5 }),
        flow({ record: 2, source: ambiguous, bytes: 7 }),
      ])
      await store.insertFlows([flow({ objectId: 'count-not', source: ambiguous })])
      expect((await store.countStates()).filter(count => count.reason === 'contract-count')).toEqual([
        { side: 'destination', state: 'unknown', reason: 'contract-count', flows: 1, bytes: 5 },
        { side: 'source', state: 'ambiguous', reason: 'contract-count', flows: 2, bytes: 12 },
      ])
    })

    test('edges add up flows, bytes and packets by minute and action', async () => {
      const edge = { source: end({ application: 'edge-a' }), destination: end({ application: 'edge-b' }) }
      await committed('edges', [
        flow({ ...edge, record: 1, startSeconds: 1_795_176_000, bytes: 5, packets: 1 }),
        flow({ ...edge, record: 2, startSeconds: 1_795_176_059, bytes: 6, packets: 2 }),
        flow({ ...edge, record: 3, startSeconds: 1_795_176_060, bytes: 7, packets: 3 }),
        flow({ ...edge, record: 4, startSeconds: 1_795_176_060, bytes: 8, packets: 4, action: 'REJECT' }),
      ])
      const rows = await select(`
        SELECT toString(minute) AS minute, action, toInt32(flows) AS flows, toInt32(bytes) AS bytes, toInt32(packets) AS packets
        FROM edges_1m WHERE src_app = 'edge-a' AND dst_app = 'edge-b' ORDER BY minute, action`)
      expect(rows).toEqual([
        { minute: '2026-11-20 12:00:00', action: 'ACCEPT', flows: 2, bytes: 11, packets: 3 },
        { minute: '2026-11-20 12:01:00', action: 'ACCEPT', flows: 1, bytes: 7, packets: 3 },
        { minute: '2026-11-20 12:01:00', action: 'REJECT', flows: 1, bytes: 8, packets: 4 },
      ])
    })

    const HOUR = 1_795_176_000
    const hourly = (app: string) =>
      select(`
        SELECT toString(hour) AS hour, action, toInt32(flows) AS flows, toInt32(bytes) AS bytes, toInt32(packets) AS packets
        FROM edges_1h WHERE src_app = '${app}' ORDER BY hour, action`)

    test('edges by hour count the newest committed generation once, whatever was written twice, and move with corrections', async () => {
      const source = end({ application: 'hour-a' })
      const records = [
        flow({ source, record: 1, startSeconds: HOUR, bytes: 5, packets: 1 }),
        flow({ source, record: 2, startSeconds: HOUR + 3599, bytes: 6, packets: 2 }),
        flow({ source, record: 3, startSeconds: HOUR + 3600, bytes: 7, packets: 3, action: 'REJECT' }),
      ]
      await committed('hours', records)
      await committed('hours', records)
      const before = [
        { hour: '2026-11-20 12:00:00', action: 'ACCEPT', flows: 2, bytes: 11, packets: 3 },
        { hour: '2026-11-20 13:00:00', action: 'REJECT', flows: 1, bytes: 7, packets: 3 },
      ]
      expect(await hourly('hour-a')).toEqual(before)
      const [first, ...rest] = records.map(record => ({ ...record, objectId: 'hours', generation: 2 }))
      if (first === undefined) throw new Error('there is a first record')
      await store.insertFlows([{ ...first, source: end({ application: 'hour-b' }) }, ...rest])
      expect(await hourly('hour-a')).toEqual(before)
      expect(await hourly('hour-b')).toEqual([])
      await store.putObject(
        manifest({ objectId: 'hours', generation: 2, state: 'committed', updatedAtMs: NOON_MS + 2 }),
      )
      expect(await hourly('hour-a')).toEqual([{ ...before[0], flows: 1, bytes: 6, packets: 2 }, before[1]])
      expect(await hourly('hour-b')).toEqual([{ ...before[0], flows: 1, bytes: 5, packets: 1 }])
    })

    test('what was added up already is not added up again, and the others of the same call are', async () => {
      const [sums, none] = ['summed', 'unsummed'] as const
      for (const objectId of [sums, none]) {
        await store.insertFlows([
          flow({ objectId, source: end({ application: `hour-${objectId}` }), startSeconds: HOUR }),
        ])
      }
      const both = [sums, none].map(objectId => manifest({ objectId, state: 'committed' }))
      for (let time = 0; time < 2; time++) await store.putObjects(both, { addedUp: new Set([sums]) })
      expect(await hourly('hour-summed')).toEqual([])
      expect(await hourly('hour-unsummed')).toMatchObject([{ flows: 1, bytes: 1000, packets: 10 }])
      await store.putObjects(both)
      expect(await hourly('hour-summed')).toMatchObject([{ flows: 1, bytes: 1000, packets: 10 }])
    })

    test('what was committed without its hours gets them with the next migration', async () => {
      await committed('hourless', [flow({ source: end({ application: 'hour-c' }), startSeconds: HOUR, bytes: 9 })])
      await tested.client.command({
        query: "ALTER TABLE flow_hours DELETE WHERE object_id = 'hourless' SETTINGS mutations_sync = 1",
      })
      expect(await hourly('hour-c')).toEqual([])
      await store.migrate()
      expect(await hourly('hour-c')).toMatchObject([{ flows: 1, bytes: 9 }])
    })

    test(
      'traffic over any window is what its records come to, by the newest committed generation',
      async () => {
        const record = fc.record({
          object: fc.nat({ max: 3 }),
          generation: fc.integer({ min: 1, max: 3 }),
          startSeconds: fc.integer({ min: -4 * 3600, max: 4 * 3600 }).map(seconds => HOUR + seconds),
          source: fc.constantFrom('p', 'q'),
          destination: fc.constantFrom('p', 'q'),
          action: fc.constantFrom('ACCEPT', 'REJECT'),
          bytes: fc.nat({ max: 1000 }),
        })
        const drawn = fc.record({
          records: fc.array(record, { minLength: 1, maxLength: 40 }),
          committed: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 }),
          windows: fc.array(fc.tuple(fc.integer({ min: -5, max: 4 }), fc.integer({ min: 0, max: 36_000 })), {
            minLength: 3,
            maxLength: 3,
          }),
        })
        let world = 0
        await fc.assert(
          fc.asyncProperty(drawn, async ({ records, committed: newest, windows }) => {
            const name = `traffic-${world++}`
            const app = (letter: string) => `${name}-${letter}`
            const flows = records.map((given, i) =>
              flow({
                objectId: `${name}-${given.object}`,
                generation: given.generation,
                record: i,
                startSeconds: given.startSeconds,
                bytes: given.bytes,
                packets: 1,
                action: given.action,
                source: end({ application: app(given.source), domain: name }),
                destination: end({ application: app(given.destination), domain: name }),
              }),
            )
            await store.insertFlows(flows)
            for (const [object, generation] of newest.entries()) {
              for (let each = 1; each <= generation; each++)
                await store.putObject(
                  manifest({ objectId: `${name}-${object}`, generation: each, state: 'committed', updatedAtMs: each }),
                )
            }
            const counted = flows.filter((_, i) => records[i]?.generation === newest[records[i]?.object ?? 0])
            for (const [hour, lengthSeconds] of windows) {
              const from = HOUR + hour * 3600 + (lengthSeconds % 3 === 0 ? 0 : lengthSeconds % 3600)
              const until = from + lengthSeconds
              const expected = new Map<string, string>()
              const within = counted.filter(({ startSeconds }) => startSeconds >= from && startSeconds < until)
              for (const { source, destination } of within) {
                const same = within.filter(
                  other =>
                    other.source.application === source.application &&
                    other.destination.application === destination.application,
                )
                const bytesOf = (some: readonly AttributedFlow[]) => some.reduce((sum, { bytes }) => sum + bytes, 0)
                const rejected = same.filter(({ action }) => action === 'REJECT')
                expected.set(
                  `${source.application} ${destination.application}`,
                  `${same.length} ${bytesOf(same)} ${same.length} ${rejected.length} ${bytesOf(rejected)}`,
                )
              }
              const traffic = await store.traffic({
                fromMs: from * 1000,
                untilMs: until * 1000,
                by: 'app',
                domains: [name],
                withMiddles: false,
                most: 100,
              })
              const found = traffic.map(
                ({ source, destination, flows: count, bytes, packets, rejectedFlows, rejectedBytes }) =>
                  [
                    `${source.name} ${destination.name}`,
                    `${count} ${bytes} ${packets} ${rejectedFlows} ${rejectedBytes}`,
                  ] as const,
              )
              expect(new Map(found)).toEqual(expected)
            }
          }),
          propertyRuns(12),
        )
      },
      propertyTimeoutMs(120_000),
    )

    test('flows of more days than one insert may touch by default are stored', async () => {
      const flows = Array.from({ length: 120 }, (_, day) =>
        flow({ objectId: 'days', record: day, startSeconds: 1_700_000_000 + day * 86_400 }),
      )
      await committed('days', flows)
      expect((await store.flowsOf('days')).length).toBe(120)
    })

    test('a number that the engine would round is refused, and nothing is written', async () => {
      const broken = [flow({ objectId: 'broken', record: 1 }), flow({ objectId: 'broken', record: 2, bytes: 1.5 })]
      await expect(store.insertFlows(broken)).rejects.toMatchObject({ code: 'WHOHAD_STORE_STATEMENT_REFUSED' })
      expect(await select("SELECT record FROM flows WHERE object_id = 'broken'")).toEqual([])
    })

    const gap = (given: Partial<StoredGap> = {}): StoredGap => ({
      ...({ objectId: 'gaps', record: 1, generation: 1, status: 'SKIPDATA', account: '123456789012' } as const),
      ...{ recorder: 'eni-1', domains: ['gap-domain'], fromMs: NOON_MS, untilMs: NOON_MS + 60_000 },
      ...given,
    })
    const DAY_MS = 86_400_000
    const ofDay = { fromMs: NOON_MS - DAY_MS, untilMs: NOON_MS + DAY_MS, status: 'SKIPDATA', most: 100 } as const

    test('gaps of logs are those of the newest committed generation, once, by what they say', async () => {
      const objectId = 'gaps'
      const lines = [
        gap(),
        gap({ record: 2, status: 'NODATA' }),
        gap({ record: 3, recorder: '', domains: [], fromMs: null, untilMs: null }),
        gap({ record: 4, recorder: "eni'\\t", domains: ["it's", 'gap-domain'] }),
      ]
      await store.putObject(manifest({ objectId, generation: 1 }))
      await store.insertGaps(lines)
      expect(await store.captureGaps(ofDay)).toEqual([])
      for (let times = 0; times < 2; times++) {
        await store.insertGaps(lines)
        await store.putObject(manifest({ objectId, generation: 1, state: 'committed' }))
      }
      const shown = async (over: Partial<GapQuery> = {}) =>
        (await store.captureGaps({ ...ofDay, ...over })).map(({ recorder, lines: count }) => [recorder, count])
      expect(await store.captureGaps({ ...ofDay, most: 1 })).toEqual([
        {
          ...{ status: 'SKIPDATA', account: '123456789012', recorder: "eni'\\t", domains: ["it's", 'gap-domain'] },
          ...{ fromMs: NOON_MS, untilMs: NOON_MS + 60_000, lines: 1 },
        },
      ])
      expect(await shown()).toEqual([
        ["eni'\\t", 1],
        ['eni-1', 1],
      ])
      expect(await shown({ status: 'NODATA' })).toEqual([['eni-1', 1]])
      expect(await shown({ domain: "it's" })).toEqual([["eni'\\t", 1]])
      expect(await shown({ domains: ['gap-domain'] })).toEqual([['eni-1', 1]])
      expect(await shown({ domains: [] })).toEqual([])
      expect(await shown({ fromMs: NOON_MS + 60_000 })).toEqual([])
      expect(await shown({ untilMs: NOON_MS })).toEqual([])
      await store.insertGaps([gap({ generation: 2, recorder: 'eni-2' })])
      await store.putObject(manifest({ objectId, generation: 2, state: 'committed' }))
      expect(await shown()).toEqual([['eni-2', 1]])
    })

    test(
      'lines of one interface that meet are one gap, whatever object they are in',
      async () => {
        const line = fc.record({
          object: fc.nat({ max: 2 }),
          recorder: fc.constantFrom('eni-a', 'eni-b'),
          from: fc.nat({ max: 40 }),
          length: fc.nat({ max: 8 }),
        })
        let world = 0
        await fc.assert(
          fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 25 }), async lines => {
            const name = `gap-world-${world++}`
            const gaps = lines.map(({ object, recorder, from, length }, record) =>
              gap({
                ...{ objectId: `${name}-${object}`, record, recorder, domains: [name] },
                ...{ fromMs: NOON_MS + from * 1000, untilMs: NOON_MS + (from + length) * 1000 },
              }),
            )
            await store.insertGaps(gaps)
            for (const object of [0, 1, 2])
              await store.putObject(manifest({ objectId: `${name}-${object}`, state: 'committed' }))
            const found = await store.captureGaps({ ...ofDay, domain: name })
            for (const recorder of ['eni-a', 'eni-b']) {
              const own = found.filter(one => one.recorder === recorder).toSorted((a, b) => a.fromMs - b.fromMs)
              const of = gaps.filter(one => one.recorder === recorder)
              const isWithin = (ms: number, one: Pick<StoredGap, 'fromMs' | 'untilMs'>) =>
                (one.fromMs ?? 0) <= ms && ms < (one.untilMs ?? 0)
              for (let second = 0; second < 50; second++) {
                const ms = NOON_MS + second * 1000
                expect(own.some(one => isWithin(ms, one))).toBe(of.some(one => isWithin(ms, one)))
              }
              expect(own.slice(1).every((one, i) => one.fromMs > (own[i]?.untilMs ?? 0))).toBe(true)
              expect(own.reduce((sum, { lines: count }) => sum + count, 0)).toBe(of.length)
            }
          }),
          propertyRuns(15),
        )
      },
      propertyTimeoutMs(120_000),
    )

    test('writing nothing is no error', async () => {
      await store.insertGaps([])
      await store.insertFlows([])
      await store.insertChanges([])
      await store.insertDeadLetters([])
    })
  })
}
