import { describe, expect, test } from 'vitest'
import { toldUntilMs } from '../../../src/enricher/look-ups.ts'
import { createOwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { brief, changesOf, HOST, ms, NOW_MS, registrationOf, toldOf } from '../../support/claimed-events.ts'
import { enrichedStories, INTERFACES, inBrief, logOf, onFirst, onSecond, sent } from '../../support/enriched-stories.ts'
import { inWords, owner, question, TestSource } from '../../support/estate.ts'

describe('clocks that are wrong', () => {
  test('case 64: a claim from the future is kept, and moves neither the watermark nor the answer of now', () => {
    const now = toldOf(changesOf(['+A@10'], { upTo: 1000 }))
    const asked = question(HOST, ms(900), ms(901), { nowMs: ms(1000) })
    const before = now.ask(asked)
    expect([brief(before), before.watermarkMs, before.final]).toEqual(['A', ms(1000), true])
    // What the fast clock vouches for does not count for the others: the watermark is the least of all.
    now.apply(changesOf([{ events: '+B@4600', source: 'skewed' }], { upTo: 4601 }))
    expect(now.ask(asked)).toEqual(before)
    expect(toldUntilMs(now.index)).toBe(ms(1000))
    // Kept: once the sources have come that far it counts.
    for (const source of ['events', 'skewed']) {
      const events = source === 'events' ? '+A@10' : '+B@4600'
      now.apply(changesOf([{ events, source }], { upTo: 5000 }))
    }
    expect([now.at(4599.999), now.at(4600)]).toEqual(['A', 'ambiguous conflicting-sources A|B'])
  })

  test('case 65: a clock that is known to be wrong by three seconds makes every window three seconds wider', () => {
    const life = (clockErrorMs: number) => {
      const index = createOwnershipIndex()
      const source = new TestSource(index, { bounds: { clockErrorMs } })
      source.poll(ms(10), ms(10), [])
      for (const second of [30, 40]) {
        const stated = [{ edge: 'start', kind: 'exact', subject: 'binding', atMs: ms(20) }] as const
        source.poll(ms(second), ms(second), [{ address: HOST, owner: owner('A'), stated }])
      }
      return [16.999, 17, 19.999, 20, 22.999, 23, 36.999, 37].map(second =>
        inWords(index.ask(question(HOST, ms(second)))),
      )
    }
    const [nobody, maybe, A] = [
      'unowned absent-in-complete-polls',
      'ambiguous head A|nobody',
      'owned authoritative-time A',
    ]
    expect(life(0)).toEqual([nobody, nobody, nobody, A, A, A, A, A])
    const unseen = 'unknown source-stale A|nobody'
    expect(life(3000)).toEqual([nobody, maybe, maybe, maybe, maybe, A, A, unseen])
  })
})

describe('how far the sources have come', () => {
  const peer = [...INTERFACES, onSecond('+P@0')]

  test('case 66: a source that has nothing new but says so keeps the flows going', async () => {
    const { enricher, bucket, publish, rows } = enrichedStories()
    await publish(changesOf([...peer, onFirst('+A@10')], { upTo: 16 }))
    bucket.put('a.log', logOf(sent(15, 25)))
    for (const upTo of [20, 25.999]) {
      await publish(changesOf([...peer, onFirst('+A@10')], { upTo }))
      expect(await enricher.enrichOnce()).toMatchObject({ held: 1 })
    }
    await publish(changesOf([...peer, onFirst('+A@10')], { upTo: 26 }))
    expect(await enricher.enrichOnce()).toMatchObject({ committed: 1 })
    expect(rows().map(inBrief)).toEqual(['A -> P'])
  })

  test('case 67: flows of a dead source leave at the cap with what is known, and only its own answers are open', async () => {
    // No mark on the row says "provisional": the end that is open says so itself, and the object is reported.
    const dead = INTERFACES.map(story => ({ ...story, source: story.prefix === '10.0.0.6' ? 'dead' : 'events' }))
    const stories = [...dead, onFirst('+A@10'), { ...onSecond('+P@0'), source: 'dead' }]
    const scopes = { events: ['d1 10.0.0.5'], dead: ['d1 10.0.0.6'] }
    const { enricher, bucket, publish, rows, index, time, names } = enrichedStories()
    await publish(changesOf(stories, { upTo: 16, scopes }))
    await publish(
      changesOf(stories, { upTo: 30, scopes }).filter(change => 'source' in change && change.source === 'events'),
    )
    bucket.put('a.log', logOf(sent(15, 25)))
    expect(await enricher.enrichOnce()).toMatchObject({ held: 1 })
    time.nowMs += ms(600)
    expect(await enricher.enrichOnce()).toMatchObject({ committed: 1 })
    expect(names()).toContain('objectReleasedByCap')
    expect(rows().map(inBrief)).toEqual(['A -> unknown not-yet i-P|i-E2|nobody'])
    const finals = ['10.0.0.5', '10.0.0.6'].map(ip => index.ask(question(ip, ms(15), ms(26), { nowMs: NOW_MS })))
    expect(finals.map(({ final, watermarkMs }) => [final, watermarkMs])).toEqual([
      [true, ms(30)],
      [false, ms(16)],
    ])
  })

  test('a dead source holds up only what it watches', async () => {
    const dead = INTERFACES.map(story => ({ ...story, source: story.prefix === '10.0.0.6' ? 'dead' : 'events' }))
    const third = { events: '+E3@0', prefix: '10.0.0.7', layer: 'interface', owner: { eni: 'eni-3' } } as const
    const stories = [...dead, third]
    const scopes = { events: ['d1 10.0.0.5', 'd1 10.0.0.7'], dead: ['d1 10.0.0.6'] }
    const { enricher, bucket, publish, rows } = enrichedStories()
    const changes = changesOf(stories, { upTo: 30, scopes })
    await publish(
      changes.filter(change => 'source' in change && (change.source === 'events' || change.record !== 'progress')),
    )
    bucket.put('dead.log', logOf(sent(15, 25)))
    bucket.put('alive.log', logOf('eni-1 egress 10.0.0.5 10.0.0.7 10.0.0.5 10.0.0.7 15 25'))
    expect(await enricher.enrichOnce()).toMatchObject({ held: 1, committed: 1 })
    expect(rows().map(inBrief)).toEqual(['E1 -> E3'])
  })

  test('case 68: a source that has ended leaves the watermark to the others, and never makes it infinite', () => {
    const index = createOwnershipIndex()
    const stories = [{ events: '+A@10' }, { events: '+B@0 -B@5', source: 'ending', prefix: '10.0.0.6' }]
    for (const change of changesOf(stories, { upTo: 30 })) index.apply(change)
    for (const change of changesOf(stories.slice(0, 1), { upTo: 60 })) index.apply(change)
    const watermarks = (second: number) => {
      const { watermarkMs } = index.ask(question(HOST, ms(second), ms(second) + 1, { nowMs: ms(100) }))
      return [watermarkMs, toldUntilMs(index)]
    }
    expect(watermarks(40)).toEqual([ms(30), ms(30)])
    const until = (second: number) => ({
      validity: { fromMs: 0, untilMs: ms(second) },
      revision: { epoch: 2, sequence: 0 },
    })
    index.apply(registrationOf('ending', until(30)))
    expect(watermarks(40)).toEqual([ms(60), ms(60)])
    index.apply(registrationOf('events', until(60)))
    expect(watermarks(70)).toEqual([null, Number.NEGATIVE_INFINITY])
  })
})
