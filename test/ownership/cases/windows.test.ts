import { describe, expect, test } from 'vitest'
import { createAnnotator } from '../../../src/enricher/annotate.ts'
import { windowOf } from '../../../src/enricher/attribute.ts'
import { lookUpsOn } from '../../../src/enricher/look-ups.ts'
import type { Answer } from '../../../src/ownership/answer.ts'
import { collect, inPieces } from '../../support/byte-streams.ts'
import { brief, HOST, ms, partsOf, told } from '../../support/claimed-events.ts'
import { question } from '../../support/estate.ts'
import { recordOf } from '../../support/flow-records.ts'

const handoff = told('+A@10 -A@20 +B@20')

describe('a flow record covers whole seconds, the last one included', () => {
  test('case 42: a flow that spans a handoff is neither’s, and is cut where it was handed over', () => {
    const answer = handoff.flow(15, 25)
    expect(brief(answer)).toBe('ambiguous spans-handoff A|B')
    expect(partsOf(answer)).toEqual(['15-20 A', '20-26 B'])
  })

  test('case 43: a flow whose last second ends with the handoff is the first owner’s', () => {
    expect(brief(handoff.flow(15, 19))).toBe('A')
    expect(handoff.flow(15, 19).split).toBeNull()
  })

  test('case 44: a flow that ends in the second of the handoff gives the next owner that second', () => {
    expect(partsOf(handoff.flow(15, 20))).toEqual(['15-20 A', '20-21 B'])
  })

  test('case 45: a flow of the one second after the handoff is the next owner’s', () => {
    expect(brief(handoff.flow(20, 20))).toBe('B')
    expect(brief(handoff.flow(19, 19))).toBe('A')
  })

  test('case 46: a handoff within a second cuts that second to the millisecond', () => {
    const answer = told('+A@10 -A@20.4 +B@20.4').flow(20, 20)
    expect(brief(answer)).toBe('ambiguous spans-handoff A|B')
    expect(partsOf(answer)).toEqual(['20-20.4 A', '20.4-21 B'])
  })

  test('case 47: a packet may be older than its record’s start, so the slack is part of the question', () => {
    // A flag beside the answer "B" would be a guess with a note: within the slack the packet may have been A's. Whoever
    // declares a smaller slack gets the answer that this bound allows.
    const story = told('+A@10 -A@120 +B@120')
    const asked = (slackMs: number): Answer => {
      const window = windowOf(recordOf({ srcaddr: HOST, dstaddr: '10.0.0.6', start: 125, end: 130 }), slackMs)
      if (window === undefined) throw new TypeError('no time')
      return story.ask({ ...question(HOST, 0), ...window })
    }
    expect(brief(asked(60_000))).toBe('ambiguous spans-handoff A|B')
    expect(brief(asked(5001))).toBe('ambiguous spans-handoff A|B')
    expect(brief(asked(5000))).toBe('B')
    expect(brief(asked(0))).toBe('B')
  })

  test('case 48: a flow over six hundred owners is cut into as many parts, of which an answer lists the first', () => {
    const events = Array.from({ length: 600 }, (_, i) => `+O${i}@${i} -O${i}@${i + 1}`)
    const answer = told(events.join(' ')).flow(0, 599)
    expect(answer.reason).toBe('spans-handoff')
    expect(answer.split?.total).toBe(600)
    const parts = partsOf(answer)
    expect(parts.length).toBeGreaterThan(1)
    expect(parts.length).toBeLessThan(600)
    expect(parts).toEqual(parts.map((_, i) => `${i}-${i + 1} O${i}`))
  })
})

describe('lines that are no flow are not asked about', () => {
  /** One log, and the addresses that were asked about. */
  async function annotated(...lines: readonly string[]) {
    const lookUps = lookUpsOn(told('+A@0').index, [{ domain: 'd1' }])
    const asked: string[] = []
    const ask: typeof lookUps.ask = wanted => {
      asked.push(`${wanted.ip} ${wanted.fromMs}-${wanted.untilMs}`)
      return lookUps.ask(wanted)
    }
    const { annotate, summary } = createAnnotator({ lookUps: { ...lookUps, ask }, slackMs: 0, nowMs: ms(10_000) })
    const log = ['srcaddr dstaddr pkt-srcaddr pkt-dstaddr vpc-id flow-direction start end log-status', ...lines]
    const found = await collect(annotate('a.log', inPieces(log.join('\n'))))
    return { asked, summary: summary(), kinds: found.map(({ kind }) => kind) }
  }

  test('case 49: a record that starts after its end is put aside with the reason, and not turned round', async () => {
    const ends = '10.0.0.5 10.0.0.6 10.0.0.5 10.0.0.6 vpc-1 egress'
    const { asked, summary } = await annotated(`${ends} 30 20 OK`)
    expect(summary).toMatchObject({ records: 0, rejected: { 'start-after-end': 1 } })
    expect(asked).toEqual([])
    expect((await annotated(`${ends} 20 20 OK`)).summary).toMatchObject({ records: 1, rejected: {} })
  })

  test('case 50: lines without addresses or without a time pass unasked, and lost records are counted', async () => {
    const ends = '10.0.0.5 10.0.0.6 10.0.0.5 10.0.0.6 vpc-1 egress'
    const { asked, summary, kinds } = await annotated(
      '- - - - vpc-1 - 10 20 NODATA',
      '- - - - vpc-1 - 10 20 SKIPDATA',
      `${ends} - - OK`,
      `${ends} 0 0 OK`,
    )
    expect(kinds).toEqual(['skipped', 'skipped', 'without-time', 'flow'])
    expect(summary).toMatchObject({ noData: 1, skipData: 1, withoutTime: 1, records: 1 })
    // Second 0 is a time like any other: a record that carries it is asked about at it, and answered as of then.
    expect(asked).toEqual(['10.0.0.5 0-1000', '10.0.0.6 0-1000'])
  })
})
