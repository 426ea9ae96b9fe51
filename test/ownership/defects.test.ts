import { describe, expect, test } from 'vitest'
import { attribute } from '../../src/enricher/attribute.ts'
import { parseHeader } from '../../src/enricher/flowlogs/fields.ts'
import { lineParser } from '../../src/enricher/flowlogs/parse.ts'
import { lookUpsOn } from '../../src/enricher/look-ups.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { Snapshot } from '../../src/ownership/snapshot.ts'
import { diffSnapshot, type SourceState } from '../../src/ownership/snapshot-diff.ts'
import { indexOf, inWords, noDoubt, owner, prefix, question, TestSource } from '../support/estate.ts'

const A = owner('api', 'i-a')
const BILLING = owner('billing', 'i-a')
const unnamed = owner(null, 'i-a')
const at = '10.0.0.5'

function world(options?: ConstructorParameters<typeof TestSource>[1]) {
  const index = createOwnershipIndex()
  const source = new TestSource(index, options)
  const ask = (fromMs: number, untilMs?: number) => inWords(index.ask(question(at, fromMs, untilMs)))
  return { index, source, ask }
}

describe('a lifetime id says that the resource stayed, not that its name did', () => {
  test('a tag that one poll shows changed, and the next one changed back, was changed in between', () => {
    const { source, ask } = world()
    for (const [sent, holder] of [
      [100, A],
      [200, A],
      [300, BILLING], // retagged at 250, and back at 350
      [400, A],
      [500, A],
    ] as const) {
      source.poll(sent, sent + 5, [{ address: at, owner: holder }])
    }
    expect(ask(150)).toBe('owned sighted api')
    expect(ask(302)).toMatch(/^ambiguous/)
    expect(ask(450)).toBe('owned sighted api')
  })

  test('a listing without tags does not show that the old name was still there', () => {
    const { source, ask } = world()
    source.poll(100, 105, [{ address: at, owner: A }])
    source.poll(200, 205, [{ address: at, owner: unnamed }]) // retagged at 150, and this reply has lost the tags
    source.poll(300, 305, [{ address: at, owner: BILLING }])
    source.poll(400, 405, [{ address: at, owner: BILLING }])
    expect(ask(180)).toMatch(/^ambiguous/)
    expect(ask(350)).toBe('owned sighted billing')
  })
})

describe('absence between two polls', () => {
  const eni = owner(null, 'eni-1', { kind: 'branch', eni: 'eni-1' })
  const seenOnEni = { address: at, owner: eni, layer: 'interface', expects: ['container'] } as const

  test('a poll shows its moment, not the instant that it vouches for: what came before it must be excluded too', () => {
    const { index, ask } = world({ source: 'ec2/a', layers: ['interface'] })
    const ec2 = new TestSource(index, { source: 'ec2/a', layers: ['interface'] })
    const bounds = { lagMs: 20, briefestHoldingMs: 200 }
    const titus = new TestSource(index, { source: 'titus/main', layers: ['container'], bounds })
    for (const sent of [50, 100, 1000, 1100]) ec2.poll(sent, sent + 5, [seenOnEni])
    titus.poll(100, 105, [])
    // A task had the address from 300 to 990; the polls from 200 to 900 were refused.
    titus.refuse()
    titus.poll(1000, 1005, [])
    titus.poll(1050, 1055, [])
    expect(ask(985)).toBe('unowned absent-in-complete-polls') // 1000 − lag is 980: somebody may be unseen after it
    expect(ask(1010)).toBe('owned sighted eni-1')
  })

  test('a layer is watched from when its source vouches for that layer, not from when it vouched for another', () => {
    const { index, ask } = world({ source: 'ec2/a', layers: ['interface'] })
    const ec2 = new TestSource(index, { source: 'ec2/a', layers: ['interface'] })
    for (const sent of [100, 200, 300, 400, 500]) ec2.poll(sent, sent + 5, [seenOnEni])
    const source = { source: 'other/one', kind: 'test', bounds: { ...noDoubt, briefestHoldingMs: 200 } }
    let state = {
      epoch: 1,
      sequence: 0,
      completeUpToMs: null,
      addresses: 0,
      claims: new Map(),
      record: null,
    } as SourceState
    for (const sentAtMs of [100, 200, 300, 400, 500]) {
      const layers = sentAtMs < 400 ? (['network'] as const) : (['network', 'container'] as const)
      const snapshot: Snapshot = {
        sighting: { sentAtMs, receivedAtMs: sentAtMs + 5 },
        bindings: [],
        scope: [{ domain: 'd1', prefix: prefix('10.0.0.0/8'), layers }],
      }
      const diff = diffSnapshot(state, snapshot, { ...source, identify: key => key })
      state = diff.next
      for (const change of diff.changes) index.apply(change)
    }
    expect(ask(250)).toMatch(/^unknown before-coverage/)
    expect(ask(450)).toBe('owned sighted eni-1')
  })
})

describe('what a revision says of the past', () => {
  test('a rule that expects containers from now on counts for claims that are open already', () => {
    const { source, ask } = world({ layers: ['interface'] })
    const seen = { address: at, owner: owner(null, 'eni-1'), layer: 'interface' } as const
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [seen])
    for (const sent of [300, 400]) source.poll(sent, sent + 5, [{ ...seen, expects: ['container'] }])
    expect(ask(350)).toBe('unknown before-coverage')
  })

  test('an interface that forwarded is not said never to have done so', () => {
    const { source, index } = world({ layers: ['interface'] })
    const eni = (forwards: boolean) => owner('nat', 'eni-1', { eni: 'eni-1', forwards })
    const seen = (forwards: boolean) => ({ address: at, owner: eni(forwards), layer: 'interface' }) as const
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [seen(true)])
    for (const sent of [300, 400]) source.poll(sent, sent + 5, [seen(false)]) // source/destination check on again
    expect(index.interfaceDuring('eni-1', { fromMs: 150, untilMs: 160 })?.forwards).toBe(true)
  })

  test('a secondary address that moved to another interface of its instance was on the first one before', () => {
    const { source, index } = world()
    const on = (eni: string) => ({ address: at, owner: owner('api', 'i-a', { eni }), lifetimeId: null })
    const bounded = new TestSource(index, { bounds: { bridgeMs: 500 } })
    for (const sent of [100, 200]) bounded.poll(sent, sent + 5, [on('eni-1')])
    for (const sent of [300, 400]) bounded.poll(sent, sent + 5, [on('eni-2')])
    expect(source.changes).toEqual([])
    expect(index.ask(question(at, 150)).holding?.owner.eni).toBe('eni-1')
    expect(index.ask(question(at, 350)).holding?.owner.eni).toBe('eni-2')
  })

  test('a first listing on its way out is no sighting, also where a real one follows', () => {
    const { source, ask } = world()
    source.poll(100, 105, [])
    source.poll(200, 205, [{ address: at, owner: A, state: 'ending' }])
    source.poll(300, 305, [{ address: at, owner: A }])
    source.poll(400, 405, [{ address: at, owner: A }])
    expect(ask(250)).toMatch(/^ambiguous/)
    expect(ask(350)).toBe('owned sighted api')
  })
})

describe('a poller that dies while it publishes', () => {
  test('a name that arrives late never leaves the address without its holder, wherever the writing stopped', () => {
    const { source } = world()
    source.poll(100, 105, [])
    source.poll(200, 205, [{ address: at, owner: unnamed }])
    source.poll(300, 305, [{ address: at, owner: unnamed }])
    const before = source.changes.length
    source.poll(400, 405, [{ address: at, owner: A }])
    for (let written = before; written <= source.changes.length; written++) {
      const index = indexOf(source.changes.slice(0, written))
      expect(index.ask(question(at, 250)).state, `${written - before} changes of the last poll`).not.toBe('unowned')
    }
  })
})

describe('two sources', () => {
  test('a holding of one lifetime and two names merges the same in every order of arrival', () => {
    const index = createOwnershipIndex()
    const one = new TestSource(index, { source: 'a/one' })
    const two = new TestSource(index, { source: 'b/two' })
    for (const sent of [100, 200]) one.poll(sent, sent + 5, [{ address: at, owner: A, lifetimeId: 'l' }])
    for (const sent of [300, 400, 500]) one.poll(sent, sent + 5, [{ address: at, owner: BILLING, lifetimeId: 'l' }])
    for (const sent of [120, 220, 320, 420])
      two.poll(sent, sent + 5, [{ address: at, owner: unnamed, lifetimeId: 'l' }])
    const changes: readonly Change[] = [...one.changes, ...two.changes]
    const answers = (order: readonly Change[]) =>
      [150, 250, 350].map(ms => inWords(indexOf(order).ask(question(at, ms))))
    const isBilling = (change: Change) => change.record === 'claim' && change.owners[0]?.application === 'billing'
    const billingFirst = [...changes.filter(isBilling), ...changes.filter(change => !isBilling(change))]
    expect(answers(billingFirst)).toEqual(answers(changes))
  })

  test('what one source expects above a holding is not dropped because another source says nothing of it', () => {
    const index = createOwnershipIndex()
    const eni = owner(null, 'eni-1', { kind: 'branch', eni: 'eni-1' })
    const one = new TestSource(index, { source: 'a/one', layers: ['interface'] })
    const two = new TestSource(index, { source: 'b/two', layers: ['interface'] })
    for (const sent of [100, 200]) {
      one.poll(sent, sent + 5, [{ address: at, owner: eni, layer: 'interface', expects: ['container'] }])
      two.poll(sent, sent + 5, [{ address: at, owner: eni, layer: 'interface' }])
    }
    expect(inWords(index.ask(question(at, 150)))).toBe('unknown before-coverage')
  })
})

describe('what a source that lists containers alone can say', () => {
  test('nothing of machines: that no container had an address is no proof that nobody had it', () => {
    const index = createOwnershipIndex()
    const titus = new TestSource(index, { source: 'titus/main', layers: ['container'] })
    for (const sent of [100, 200, 300]) titus.poll(sent, sent + 5, [])
    const before = index.ask(question(at, 150))
    expect([inWords(before), before.final]).toEqual(['unknown before-coverage', true])
    const ec2 = new TestSource(index, { source: 'ec2/a', layers: ['interface', 'instance'] })
    for (const sent of [400, 500, 600]) {
      ec2.poll(sent, sent + 5, [])
      titus.poll(sent, sent + 5, [])
    }
    expect([inWords(index.ask(question(at, 150))), inWords(index.ask(question(at, 450)))]).toEqual([
      'unknown before-coverage',
      'unowned absent-in-complete-polls',
    ])
  })
})

describe('answers that are too timid', () => {
  test('a holding that was ending and then split does not stay possible for ever', () => {
    const { source, ask } = world({ bounds: { bridgeMs: 50 } })
    const seen = { address: at, owner: A, lifetimeId: null }
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [seen])
    source.poll(300, 305, [{ ...seen, state: 'ending' }])
    source.poll(400, 405, [seen])
    for (const sent of [500, 600, 700, 800]) source.poll(sent, sent + 5, [])
    expect(ask(750)).toBe('unowned absent-in-complete-polls')
  })
})

describe('the enricher’s view of an interface', () => {
  test('an address that the interface got after the last look at it may be what the record stands for', () => {
    const index = createOwnershipIndex()
    const ec2 = new TestSource(index, { source: 'ec2/a', layers: ['network', 'interface', 'instance'] })
    const titus = new TestSource(index, { source: 'titus/main', layers: ['container'] })
    const eni = owner(null, 'eni-1', { kind: 'branch', eni: 'eni-1' })
    const task = (name: string) => owner(name, `task-${name}`, { kind: 'container', eni: 'eni-1' })
    for (const sent of [100_000, 200_000]) {
      ec2.poll(sent, sent + 5, [{ address: at, owner: eni, layer: 'interface', expects: ['container'] }])
    }
    for (let sent = 100_000; sent <= 900_000; sent += 100_000) {
      const held = { layer: 'container' } as const
      const second = sent > 200_000 ? [{ ...held, address: '10.0.0.6', owner: task('ads') }] : []
      titus.poll(sent, sent + 5, [{ ...held, address: at, owner: task('video') }, ...second])
    }
    // To 10.0.0.6, written as the primary 10.0.0.5; EC2 has not been heard of since 200, before 10.0.0.6 was assigned.
    const format = parseHeader('interface-id flow-direction srcaddr dstaddr srcport dstport protocol start end')
    const line = format && lineParser(format)('eni-1 ingress 10.0.0.9 10.0.0.5 40000 443 6 500 510', 1)
    if (line?.kind !== 'flow') throw new TypeError('not a record')
    const window = { fromMs: 500_000, untilMs: 511_000 }
    const { destination } = attribute(line, window, 1_000_000, lookUpsOn(index, []))
    expect(`${destination.state} ${destination.application}`).not.toBe('owned video')
  })
})
