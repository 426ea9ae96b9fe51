import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EVERY_CALLER_READS_EVERY_DOMAIN, type Reader } from '../../../src/api/access.ts'
import { answerJson } from '../../../src/api/answer-json.ts'
import { briefOf } from '../../../src/api/bulk/brief.ts'
import { csvFields, csvRow } from '../../../src/api/bulk/csv.ts'
import { CsvAnswers } from '../../../src/api/bulk/csv-answers.ts'
import { answerTail } from '../../../src/api/bulk/csv-layout.ts'
import { DecidedDomains } from '../../../src/api/bulk/deciding.ts'
import { JsonAnswers } from '../../../src/api/bulk/json-answers.ts'
import { JsonArray } from '../../../src/api/bulk/json-array.ts'
import { ManyLookUps } from '../../../src/api/bulk/look-ups.ts'
import { ndjsonTransform } from '../../../src/api/bulk/ndjson.ts'
import { type BulkTransform, LONGEST_LINE_BYTES } from '../../../src/api/bulk/transform.ts'
import type { Question } from '../../../src/ownership/answer.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { indexOf, owner, TestSource } from '../../support/estate.ts'
import { histories } from '../../support/histories.ts'
import { propertyRuns } from '../../support/property-runs.ts'

const NOW_MS = 1_800_000_000_000
const all: Reader = { readable: () => true }

/** Runs the whole text through, in pieces of these sizes, again and again. */
function through(transform: BulkTransform, text: string, sizes: readonly number[] = [1 << 20]): string {
  const bytes = Buffer.from(text)
  const out: Buffer[] = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    // A copy: what a transform keeps of a piece that is gone would show.
    const piece = Buffer.from(bytes.subarray(at, at + size))
    out.push(Buffer.from(transform.take(piece)))
    piece.fill(0)
    at += size
  }
  out.push(transform.end())
  return Buffer.concat(out).toString()
}

const csv = (index: OwnershipIndex, defaults: { at?: string; domain?: string } = {}, reader = all, nowMs = NOW_MS) =>
  new CsvAnswers(new ManyLookUps(index.generation(), reader, nowMs), new DecidedDomains(index.sources()), {
    ...defaults,
    view: 'brief',
  })
const json = (index: OwnershipIndex, view: 'full' | 'brief', nowMs = NOW_MS) =>
  new JsonAnswers(new ManyLookUps(index.generation(), all, nowMs), new DecidedDomains(index.sources()), { view })

/** 10.0.0.5 is api's from 100 s to 1,000 s after the beginning, and 10.0.0.9 batch's. */
const START_MS = 1_700_000_000_000
function polledIndex(): OwnershipIndex {
  const index = createOwnershipIndex()
  const source = new TestSource(index, { covered: ['d1 10.0.0.0/8', 'd2 192.168.0.0/16', 'inet.0 0.0.0.0/0'] })
  const odd = owner('a "quoted", name', 'i-9')
  for (let seconds = 100; seconds <= 1000; seconds += 100) {
    source.poll(START_MS + seconds * 1000, START_MS + seconds * 1000 + 5, [
      { address: '10.0.0.5', owner: owner('api') },
      { address: '10.0.0.9', owner: odd },
      { address: '8.8.4.4', domain: 'inet.0', owner: owner('edge') },
    ])
  }
  return index
}
const AT = String(START_MS / 1000 + 500)

describe('answers in bulk', () => {
  test('are in every form those of single questions', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(histories({ questions: 30 }), sizes, ({ changes, questions }, pieces) => {
        const index = indexOf(changes)
        // Thirteen digits, so that the times are read as milliseconds; the history lies at the beginning of 1970.
        const asked = questions.map(({ nowMs: _, ...question }): Question => ({ ...question, nowMs: 140 }))
        const rows = asked.map(({ ip, domain, port, fromMs, untilMs }) => ({
          ip,
          domain,
          port: port ?? null,
          from: (fromMs / 1000).toFixed(3),
          to: (untilMs / 1000).toFixed(3),
        }))
        const kept = rows.flatMap((row, i) => (Number(row.from) >= 0 ? [{ row, question: asked[i] as Question }] : []))
        const told = kept.map(({ question }) => index.ask(question))
        const lines = kept.map(({ row }) => JSON.stringify(row)).join('\n')
        const full = through(ndjsonTransform(json(index, 'full', 140)), lines, pieces)
        expect(
          full.trim() === ''
            ? []
            : full
                .trim()
                .split('\n')
                .map(line => JSON.parse(line)),
        ).toEqual(told.map(answer => answerJson(answer)))
        const array = through(
          new JsonArray(json(index, 'brief', 140)),
          `[${kept.map(({ row }) => JSON.stringify(row)).join(', ')}]`,
          pieces,
        )
        expect(JSON.parse(array)).toMatchObject(told.map(answer => briefOf(answer)))
        const header = 'ip,domain,port,from,to'
        const table = through(
          csv(index, {}, all, 140),
          [
            header,
            ...kept.map(({ row }) => csvRow([row.ip, row.domain, String(row.port ?? ''), row.from, row.to])),
          ].join('\n'),
          pieces,
        )
        expect(table.split('\n').slice(1, -1)).toEqual(
          told.map(
            (answer, i) =>
              `${csvRow([kept[i]?.row.ip ?? '', kept[i]?.row.domain ?? '', String(kept[i]?.row.port ?? ''), kept[i]?.row.from ?? '', kept[i]?.row.to ?? ''])},${answer.question.domain}${answerTail(briefOf(answer)).slice(0, -1)}`,
          ),
        )
      }),
      propertyRuns(40),
    )
  }, 120_000)

  test('by the quick way say what whole questions say', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 5 })
    const index = polledIndex()
    const address = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('10.0.0.5', '10.0.0.9', '8.8.4.4') },
      fc.constantFrom('10.0.0.6', '10.0.1.5', '1.1.1.1', '192.168.3.4', '2001:db8::1', '10.0.0.05', 'x'),
    )
    const seconds = fc.integer({ min: START_MS / 1000 + 50, max: START_MS / 1000 + 1100 })
    const domain = fc.constantFrom('d1', 'd1', 'd1', 'inet.0', 'd3', '', 'not a name')
    const port = fc.constantFrom('', '', '', '443', 'x')
    const lines = fc.array(fc.tuple(address, seconds, domain, port), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(lines, sizes, (rows, pieces) => {
        const texts = rows.map(row => row.join(','))
        const quick = through(csv(index), ['ip,at,domain,port', ...texts].join('\r\n'), pieces)
          .split('\n')
          .slice(1, -1)
        // In quotes a line is read as text, whole question by whole question; the quotes are then taken off again.
        const whole = rows.map(([ip, at, name, one]) => {
          const asked = new CsvAnswers(
            new Reluctant(index.generation(), all, NOW_MS),
            new DecidedDomains(index.sources()),
            { view: 'brief' },
          )
          return through(asked, `ip,at,domain,port\n"${ip}",${at},${name},${one}`)
            .split('\n')[1]
            ?.replace(`"${ip}"`, ip)
        })
        expect(quick).toEqual(whole)
      }),
      propertyRuns(60),
    )
  }, 120_000)

  test('keep every column and its order, blank lines apart, and quote what has to be', () => {
    const text = `note,ip,at,domain\n"a, b",10.0.0.9,${AT},d1\n\nplain,10.0.0.5,${AT},d1\n`
    const [header, first, second, end] = through(csv(polledIndex()), text).split('\n')
    expect(csvFields(header ?? '').slice(0, 7)).toEqual([
      'note',
      'ip',
      'at',
      'domain',
      'asked_domain',
      'state',
      'reason',
    ])
    expect(csvFields(first ?? '').slice(0, 8)).toEqual([
      'a, b',
      '10.0.0.9',
      AT,
      'd1',
      'd1',
      'owned',
      'sighted',
      'a "quoted", name',
    ])
    expect(csvFields(second ?? '').slice(0, 8)).toEqual([
      'plain',
      '10.0.0.5',
      AT,
      'd1',
      'd1',
      'owned',
      'sighted',
      'api',
    ])
    expect(end).toBe('')
    for (const line of [first, second]) expect(csvFields(line ?? '').length).toBe(csvFields(header ?? '').length)
  })

  test('need no header where the first line is a question, and take defaults for what is left out', () => {
    const index = polledIndex()
    const rows = through(csv(index, { at: AT, domain: 'd1' }), `10.0.0.5\n10.0.0.9,${AT}\n10.0.0.5,,inet.0`).split('\n')
    expect(rows.map(row => row.split(',owned')[0])).toEqual([
      '10.0.0.5,d1',
      `10.0.0.9,${AT},d1`,
      expect.stringMatching(/inet\.0,external/),
      '',
    ])
  })

  test('have an error in the place of a line that cannot be answered', () => {
    const long = 'x'.repeat(LONGEST_LINE_BYTES)
    const lines = [
      '{"ip":"10.0.0.5","at":"5 past","domain":"d1"}',
      '{',
      '7',
      `"${long}"`,
      '{"pi":"10.0.0.5"}',
      '{"ip":["10.0.0.5"]}',
      '"10.0.0.5 in d1"',
    ]
    const codes = through(ndjsonTransform(json(polledIndex(), 'brief')), lines.join('\n'), [1000])
      .trim()
      .split('\n')
      .map(line => JSON.parse(line).error?.code ?? JSON.parse(line).state)
    const refused = 'WHOHAD_BULK_LINE_REFUSED'
    expect(codes).toEqual(['WHOHAD_TIME_MALFORMED', refused, refused, refused, refused, refused, 'unknown'])
    const table = through(
      csv(polledIndex()),
      `ip,at\n10.0.0.5,5 past\n"10.0.0.5,7\n${long},1\n10.0.0.5,${AT}\n`,
      [1000],
    ).split('\n')
    expect(table.slice(1, 5).map(row => /(WHOHAD_\w+)|,owned,/.exec(row)?.[1] ?? 'owned')).toEqual([
      'WHOHAD_TIME_MALFORMED',
      refused,
      refused,
      'owned',
    ])
  })

  test('of an array go on behind an element that is no JSON, and close what was never closed', () => {
    const answer = (text: string) => JSON.parse(through(new JsonArray(json(polledIndex(), 'brief')), text, [3]))
    expect(answer('[]')).toEqual([])
    expect(answer(' [ ] ')).toEqual([])
    const kinds = (text: string) =>
      answer(text).map((one: { error?: object; state?: string }) => (one.error ? 'error' : one.state))
    expect(kinds(`["10.0.0.5 @ ${AT} in d1", nonsense, {"ip":"10.0.0.5","at":${AT}, "domain":"d1"}]`)).toEqual([
      'owned',
      'error',
      'owned',
    ])
    expect(kinds(`["a]b,\\"c", ["10.0.0.5"], ,{"ip":"10.0.0.5","at":"${AT}"}`)).toEqual([
      'error',
      'error',
      'error',
      'owned',
      'error',
    ])
    for (const text of ['', '{"ip":"10.0.0.5"}', 'x']) {
      expect(() => answer(text)).toThrow(expect.objectContaining({ code: 'WHOHAD_BULK_INPUT_MALFORMED' }))
    }
  })

  test.each(['address,at\n', '"ip\n', 'ip,ip\n'])('of a table that begins with %j are refused', text => {
    expect(() => through(csv(polledIndex()), text)).toThrow(
      expect.objectContaining({ code: 'WHOHAD_BULK_INPUT_MALFORMED' }),
    )
  })

  test('about a domain that the caller may not read are those of one that is not there', () => {
    const reader: Reader = { readable: domain => domain !== 'd1' }
    const row = through(csv(polledIndex(), {}, reader), `ip,at,domain\n10.0.0.5,${AT},d1`).split('\n')[1]
    expect(row).toBe(through(csv(createOwnershipIndex()), `ip,at,domain\n10.0.0.5,${AT},d1`).split('\n')[1])
  })
})

/** Never quick. */
class Reluctant extends ManyLookUps {
  override isQuick(): boolean {
    return false
  }
}

test('the policy before there are logins lets everyone read everything', () => {
  expect(EVERY_CALLER_READS_EVERY_DOMAIN.readerOf({} as never).readable('anything')).toBe(true)
})
