import { describe, expect, onTestFinished, test } from 'vitest'
import { parseTime } from '../../../src/api/time.ts'
import { encodeChange } from '../../../src/changestream/codec.ts'
import { parseHeader } from '../../../src/enricher/flowlogs/fields.ts'
import { lineParser } from '../../../src/enricher/flowlogs/parse.ts'
import { brief, changesOf, HOST, ms, NOW_MS, toldOf } from '../../support/claimed-events.ts'
import { question } from '../../support/estate.ts'

describe('times as people and files write them', () => {
  test('case 76: the zone of the host changes no time, and a stamp without a zone is refused', () => {
    const before = process.env['TZ']
    onTestFinished(() => {
      if (before === undefined) delete process.env['TZ']
      else process.env['TZ'] = before
    })
    const offsets = ['UTC', 'Europe/London', 'America/New_York'].map(zone => {
      process.env['TZ'] = zone
      // Both hours of the year that London has twice, or not at all.
      const texts = [
        ['2026-03-29T01:30:00Z', Date.UTC(2026, 2, 29, 1, 30)],
        ['2026-03-29T02:30:00+01:00', Date.UTC(2026, 2, 29, 1, 30)],
        ['2026-10-25T01:30:00Z', Date.UTC(2026, 9, 25, 1, 30)],
        ['2026-10-25T01:30:00+01:00', Date.UTC(2026, 9, 25, 0, 30)],
        ['2026-10-25 01:30 +00:00', Date.UTC(2026, 9, 25, 1, 30)],
        ['1792891800', Date.UTC(2026, 9, 25, 1, 30)],
      ] as const
      for (const [text, atMs] of texts) expect([zone, text, parseTime(text, 0)]).toEqual([zone, text, atMs])
      for (const text of ['2026-10-25T01:30:00', '2026-03-29 01:30']) {
        expect(() => parseTime(text, 0)).toThrow(expect.objectContaining({ code: 'WHOHAD_TIME_MALFORMED' }))
      }
      return new Date(Date.UTC(2026, 6, 1)).getTimezoneOffset()
    })
    expect(offsets).toEqual([0, -60, 240]) // the host did have those zones
  })

  test('case 77: each time has the one unit of its field, and one that cannot be in it is refused, not guessed', () => {
    // Questions: seconds up to ten digits, milliseconds at thirteen, and nothing else.
    expect([parseTime('1700000000', 0), parseTime('1700000000000', 0)]).toEqual([1_700_000_000_000, 1_700_000_000_000])
    for (const text of ['17000000000', '1700000000000000', '1700000000000000000']) {
      expect(() => parseTime(text, 0)).toThrow(expect.objectContaining({ code: 'WHOHAD_TIME_MALFORMED' }))
    }
    // Flow records: seconds.
    const format = parseHeader('srcaddr dstaddr start end')
    const parsed = (time: string) => format && lineParser(format)(`10.0.0.5 10.0.0.6 ${time} ${time}`, 1)
    expect(parsed('1700000000')).toMatchObject({ kind: 'flow', startSeconds: 1_700_000_000 })
    for (const time of ['1700000000000', '1700000000000000']) {
      expect(parsed(time)).toMatchObject({ kind: 'rejected', reason: 'malformed-number', detail: 'start' })
    }
    // Changes: whole milliseconds. Half a millisecond, or nanoseconds beyond what the field carries, is an error.
    const horizon = (beforeMs: number) => encodeChange({ record: 'horizon', domain: 'd1', beforeMs })
    expect(horizon(1_700_000_000_000).length).toBeGreaterThan(0)
    for (const wrong of [1_700_000_000.5, 1_700_000_000_000_000_000, Number.NaN]) {
      expect(() => horizon(wrong)).toThrow(expect.objectContaining({ code: 'WHOHAD_STREAM_RECORD_UNENCODABLE' }))
    }
  })
})

describe('times far apart', () => {
  const HOUR = 3600
  const DAY = 24 * HOUR
  /** Where a segment of the index begins: they are 30 days long, from 1970 on. */
  const base = 656 * 30 * DAY
  /** Milliseconds wrap after so many seconds where they are kept in 32 bits: 49.7 days. */
  const wrap = 2 ** 32 / 1000

  test('case 78: holdings more than 49.7 days apart are told apart, and one that lasts that long is one', () => {
    const wrapped = base + wrap
    const story = toldOf(
      changesOf(
        [
          `+A@${base} -A@${base + HOUR} +B@${wrapped} -B@${wrapped + HOUR} +C@${base + 60 * DAY}`,
          { events: `+D@${base} -D@${base + HOUR}`, prefix: '10.0.0.6' },
          { events: `+L@${base} -L@${base + 70 * DAY}`, prefix: '10.0.0.7' },
        ],
        { upTo: base + 100 * DAY },
      ),
    )
    expect([story.at(base), story.at(base + HOUR - 0.001), story.at(base + HOUR)]).toEqual(['A', 'A', 'nobody'])
    expect([story.at(wrapped - 0.001), story.at(wrapped)]).toEqual(['nobody', 'B'])
    expect([story.at(wrapped + HOUR - 0.001), story.at(wrapped + HOUR)]).toEqual(['B', 'nobody'])
    expect([story.at(base + 60 * DAY - 0.001), story.at(base + 60 * DAY)]).toEqual(['nobody', 'C'])
    for (const second of [wrapped, wrapped + 60, base + 2 * wrap, base + 30 * DAY + 60, base + 60 * DAY]) {
      expect([second, story.at(second, '10.0.0.6')]).toEqual([second, 'nobody'])
    }
    const long = (from: number, until: number) =>
      brief(story.ask(question('10.0.0.7', ms(from), ms(until), { nowMs: NOW_MS })))
    expect(long(base + 29 * DAY, base + 31 * DAY)).toBe('L')
    expect(long(base, base + 70 * DAY)).toBe('L')
    expect(long(base, base + 70 * DAY + 0.001)).toMatch(/^ambiguous/)
    expect(story.at(base + HOUR, HOST)).toBe('nobody')
  })
})
