import { describe, expect, test } from 'vitest'
import { owner } from '../../support/estate.ts'
import { A, at, B, claimsOf, world } from '../../support/story.ts'

const held = { address: at, owner: A }
const loose = { ...held, lifetimeId: null }
const ending = { ...held, state: 'ending' } as const

/** Polls each of these instants; at those in `without` the listing lacks what it else shows. */
function pollAt(
  source: ReturnType<typeof world>['source'],
  shown: typeof held,
  sentAt: readonly number[],
  without: readonly number[],
) {
  for (const sent of sentAt) source.poll(sent, sent + 5, without.includes(sent) ? [] : [shown])
}

describe('rule 3: absence that was proved is never bridged, but a lifetime id bridges a gap', () => {
  test('an address that left and came back is not owned in between', () => {
    const { source, ask } = world({ bounds: { bridgeMs: 500 } })
    pollAt(source, loose, [100, 200, 300, 400, 500], [300])
    expect(ask(199)).toBe('owned sighted api')
    expect(ask(302)).toBe('ambiguous handoff api|api|nobody') // the first holding, or the second
    expect(ask(404)).toBe('ambiguous head api|nobody')
    expect(ask(405)).toBe('owned sighted api')
  })

  test('a task id that one stale reply left out held its address all the while, and the answer says on what it rests', () => {
    const { source, ask } = world()
    pollAt(source, held, [100, 200, 300, 400, 500], [300])
    expect(ask(302)).toBe('owned bridged api')
  })

  test('after a blind hour an address without a lifetime id is not owned through it', () => {
    const { source, ask } = world({ bounds: { bridgeMs: 150 } })
    pollAt(source, loose, [100, 200], [])
    source.refuse()
    pollAt(source, loose, [3000, 3100], [])
    expect(ask(199)).toBe('owned sighted api')
    expect(ask(1500)).toBe('ambiguous handoff api|api|nobody')
    expect(ask(3099)).toBe('owned sighted api')
  })

  test('the gap that is bridged reaches from the earliest to the latest moment that the two replies may show', () => {
    const through = (bridgeMs: number) => {
      const { source, ask } = world({ bounds: { lagMs: 10, clockErrorMs: 1, bridgeMs } })
      pollAt(source, loose, [100, 200], [])
      return ask(150)
    }
    expect(through(117)).toBe('owned sighted api') // from 100 − 11 to 205 + 1
    expect(through(116)).toBe('ambiguous handoff api|api|nobody')
  })

  test('a binding that returns after its claim was closed leaves the first holding as it was', () => {
    const { source, ask } = world()
    pollAt(source, held, [100, 200, 300, 400, 500, 600, 700], [300, 400, 500])
    expect(ask(150)).toBe('owned sighted api')
    expect(ask(450)).toBe('unowned absent-in-complete-polls')
    expect(ask(650)).toBe('owned sighted api')
  })

  test('a fact of one layer bridges nothing at another: the interface kept its address, its instance changed', () => {
    const { source, ask, index } = world()
    const eni = { address: at, owner: owner(null, 'eni-1', { kind: 'interface' }), layer: 'interface' } as const
    const by = (instance: typeof A) => ({
      address: at,
      owner: instance,
      lifetimeId: `eni-1/attached to ${instance.resourceId}`,
    })
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [eni, by(A)])
    for (const sent of [300, 400]) source.poll(sent, sent + 5, [eni, by(B)])
    expect(ask(250)).toMatch(/^ambiguous handoff api\|batch/)
    expect(claimsOf(source.changes).filter(({ layer }) => layer === 'interface')).toHaveLength(1)
    expect(index.counts().claims).toBe(3)
    // Nor is it one holding where both layers know the resource and its lifetime by the same names.
    const twice = (layer: 'interface' | 'instance') =>
      ({ address: '10.0.0.6', owner: A, lifetimeId: 'eni-2', layer }) as const
    source.poll(500, 505, [twice('interface'), twice('instance')])
    source.poll(600, 605, [twice('interface')])
    const states = claimsOf(source.changes).flatMap(claim => (claim.lifetimeId === 'eni-2' ? [claim.state] : []))
    expect(states).toEqual(['open', 'missing'])
  })
})

describe('rule 4: a listing on its way out is neither sighting nor absence', () => {
  test('a task being killed keeps nobody from being the next', () => {
    const { source, ask } = world()
    source.poll(100, 105, [held])
    for (const sent of [200, 300]) source.poll(sent, sent + 5, [ending])
    source.poll(400, 405, [])
    expect(ask(150)).toBe('ambiguous tail api|nobody')
    expect(ask(350)).toBe('ambiguous tail api|nobody')
    expect(ask(405, 406, { nowMs: 410 })).toBe('unknown not-yet')
  })

  test('a terminated instance that stays listed for an hour does not own its old address for that hour', () => {
    const { source, ask } = world()
    source.poll(100, 105, [held])
    for (let sent = 200; sent <= 2_000; sent += 100) source.poll(sent, sent + 5, [ending])
    expect(ask(1_500)).toBe('ambiguous tail api|nobody')
    const [claim] = claimsOf(source.changes)
    expect(claim).toMatchObject({ state: 'missing', end: { earliestMs: 100, latestMs: Number.POSITIVE_INFINITY } })
  })

  test('nor does its listing count as the first of the two absences that close a claim', () => {
    const { source } = world()
    source.poll(100, 105, [held])
    source.poll(200, 205, [ending])
    source.poll(300, 305, [])
    expect(claimsOf(source.changes)[0]).toMatchObject({ state: 'missing', end: { earliestMs: 100, latestMs: 305 } })
    source.poll(400, 405, [])
    expect(claimsOf(source.changes)[0]).toMatchObject({ state: 'closed', end: { earliestMs: 100, latestMs: 305 } })
  })

  test('a task first listed while ending is a candidate, never an owner', () => {
    const { source, ask } = world()
    source.poll(100, 105, [])
    source.poll(200, 205, [ending])
    source.poll(300, 305, [])
    expect(ask(150)).toBe('ambiguous head api|nobody')
    expect(ask(250)).toBe('ambiguous tail api|nobody')
  })

  test('a node that was cut off and is back has its first sighting where it is back', () => {
    const { source, ask } = world()
    source.poll(100, 105, [])
    source.poll(200, 205, [ending])
    for (const sent of [300, 400]) source.poll(sent, sent + 5, [held])
    expect(ask(250)).toBe('ambiguous head api|nobody')
    expect(ask(350)).toBe('owned sighted api')
  })

  test('a walk that lists a task twice, running and then ending, has seen it run', () => {
    const { source, ask } = world()
    source.poll(100, 105, [held])
    source.poll(200, 205, [ending, held])
    source.poll(300, 305, [held, ending])
    expect(ask(250)).toBe('owned sighted api')
  })
})
