import { describe, expect, test } from 'vitest'
import { indexOf, inWords, owner, question, TestSource } from '../../support/estate.ts'
import { A, at, B, world } from '../../support/story.ts'

describe('prefixes and layers', () => {
  const subnet = owner(null, 'subnet-1', { kind: 'subnet' })
  const eni = owner(null, 'eni-1', { kind: 'branch', eni: 'eni-1' })
  const task = owner('video', 'task-1', { kind: 'container' })

  test('the longest prefix that is live answers: a released host does not hide its delegated prefix', () => {
    const { source, ask } = world()
    const delegated = { address: '10.0.0.0/28', owner: A }
    source.poll(100, 105, [delegated, { address: at, owner: B }])
    source.poll(200, 205, [delegated, { address: at, owner: B }])
    for (const sent of [300, 400, 500]) source.poll(sent, sent + 5, [delegated])
    expect(ask(150)).toBe('owned sighted batch')
    expect(ask(250)).toBe('ambiguous tail batch|api')
    expect(ask(450)).toBe('owned sighted api')
  })

  test('a subnet says that an address is managed, it does not own it', () => {
    const { source, ask, index } = world()
    for (const sent of [100, 200])
      source.poll(sent, sent + 5, [{ address: '10.0.0.0/24', owner: subnet, layer: 'network' }])
    expect(ask(150)).toBe('unowned absent-in-complete-polls')
    expect(index.ask(question(at, 150)).under.map(({ layer }) => layer)).toEqual(['network'])
  })

  test('a host with containers is not the owner where the container source was blind', () => {
    const { index, ask } = world()
    const ec2 = new TestSource(index, { source: 'ec2/a', layers: ['network', 'interface', 'instance'] })
    const titus = new TestSource(index, { source: 'titus/main', layers: ['container'], bounds: { longestGapMs: 150 } })
    titus.poll(100, 105, [{ address: at, owner: task, layer: 'container' }])
    titus.poll(200, 205, [])
    for (let sent = 100; sent <= 1000; sent += 100) {
      ec2.poll(sent, sent + 5, [{ address: at, owner: eni, layer: 'interface', expects: ['container'] }])
    }
    expect(ask(150)).toBe('ambiguous tail video|eni-1')
    expect(ask(500)).toBe('unknown source-stale')
    titus.poll(900, 905, [])
    titus.poll(1000, 1005, [])
    expect(ask(500)).toBe('unknown source-stale') // nobody looked then, and nobody ever will have
    expect(ask(950)).toBe('unowned absent-in-complete-polls') // a container may have come and gone between two polls
  })

  test('a host owns its free address where no container can be that brief', () => {
    const { index, ask } = world()
    const ec2 = new TestSource(index, { source: 'ec2/a', layers: ['network', 'interface', 'instance'] })
    const titus = new TestSource(index, {
      source: 'titus/main',
      layers: ['container'],
      bounds: { longestGapMs: 150, briefestHoldingMs: 200 },
    })
    for (let sent = 100; sent <= 500; sent += 100) {
      titus.poll(sent, sent + 5, [])
      ec2.poll(sent, sent + 5, [{ address: at, owner: eni, layer: 'interface', expects: ['container'] }])
    }
    expect(ask(350)).toBe('owned sighted eni-1')
  })

  test('a claim on some ports answers only questions that carry one of them', () => {
    const { source, ask } = world()
    for (const sent of [100, 200]) {
      source.poll(sent, sent + 5, [{ address: at, owner: A, ports: { first: 1000, last: 1999 } }])
    }
    expect(ask(150)).toBe('unowned absent-in-complete-polls')
    expect(ask(150, 151, { port: 1500 })).toBe('owned sighted api')
    expect(ask(150, 151, { port: 2000 })).toBe('unowned absent-in-complete-polls')
  })

  test('the same address in two domains has two owners', () => {
    const { source, index } = world({ covered: ['d1 10.0.0.0/8', 'd2 10.0.0.0/8'] })
    for (const sent of [100, 200]) {
      source.poll(sent, sent + 5, [
        { address: at, owner: A },
        { address: at, owner: B, domain: 'd2' },
      ])
    }
    expect(inWords(index.ask(question(at, 150)))).toBe('owned sighted api')
    expect(inWords(index.ask(question(at, 150, 151, { domain: 'd2' })))).toBe('owned sighted batch')
    expect(inWords(index.ask(question(at, 150, 151, { domain: 'd3' })))).toBe('unknown no-such-domain')
    expect(inWords(index.ask(question('192.168.0.1', 150)))).toBe('unknown unmanaged-prefix')
  })
})

describe('windows', () => {
  test('a flow that spans a handoff belongs to neither', () => {
    const { source, ask } = world()
    const exact = (atMs: number) => [{ edge: 'start', kind: 'exact', subject: 'binding', atMs }] as const
    source.poll(100, 105, [{ address: at, owner: A }])
    source.poll(200, 205, [{ address: at, owner: B, stated: exact(180) }])
    source.poll(300, 305, [{ address: at, owner: B }])
    expect(ask(180, 240)).toBe('owned authoritative-time batch')
    expect(ask(102, 240)).toBe('ambiguous handoff api|nobody|batch')
  })

  test('before anybody looked, after retention, and in public space each have their own answer', () => {
    const { source, index, ask } = world({ covered: ['d1 10.0.0.0/8', 'inet.0 0.0.0.0/0'] })
    for (const sent of [100, 200, 300]) source.poll(sent, sent + 5, [{ address: at, owner: A }])
    expect(ask(50)).toBe('unknown before-coverage api|nobody')
    expect(inWords(index.ask(question('10.0.0.6', 50)))).toBe('unknown before-coverage')
    expect(inWords(index.ask(question('8.8.8.8', 150, 151, { domain: 'inet.0' })))).toBe('external internet')
    expect(inWords(index.ask(question('8.8.8.8', 350, 351, { domain: 'inet.0', nowMs: 360 })))).toBe('unknown not-yet')
    index.apply({ record: 'horizon', domain: 'd1', beforeMs: 180 })
    expect(ask(150)).toBe('unknown expired')
    expect(ask(190)).toBe('owned sighted api')
  })

  test('an answer says whether it may still change', () => {
    const { source, index } = world()
    source.poll(100, 105, [{ address: at, owner: A }])
    source.poll(200, 205, [{ address: at, owner: A }])
    const answer = index.ask(question(at, 150))
    expect([answer.watermarkMs, answer.final]).toEqual([200, true])
    expect(index.ask(question(at, 150, 201)).final).toBe(false)
    source.poll(300, 305, [])
    // Missing: it may be back in the next poll, and then was there all the time since it was last seen.
    expect([150, 250].map(atMs => index.ask(question(at, atMs)).final)).toEqual([true, false])
    source.poll(400, 405, [])
    expect([150, 250].map(atMs => index.ask(question(at, atMs)).final)).toEqual([true, true])
  })
})

test('the state is the same for every order and repetition of the changes', () => {
  const { source } = world({ bounds: { lagMs: 5 } })
  source.poll(100, 105, [{ address: at, owner: A }])
  source.poll(200, 205, [{ address: at, owner: B }])
  source.poll(300, 305, [{ address: at, owner: B }])
  const instants = Array.from({ length: 40 }, (_, i) => i * 10)
  const ask = (changes: typeof source.changes) => {
    const index = indexOf(changes)
    return instants.map(atMs => inWords(index.ask(question(at, atMs))))
  }
  const inOrder = ask(source.changes)
  expect(new Set(inOrder).size).toBeGreaterThan(3)
  expect(ask(source.changes.toReversed())).toEqual(inOrder)
  expect(ask([...source.changes, ...source.changes.toReversed(), ...source.changes])).toEqual(inOrder)
})

test('an answer names the newest sighting, although an unchanged claim is not published again', () => {
  const { source, index } = world({ bounds: { lagMs: 10 } })
  for (const sent of [100, 200, 300]) source.poll(sent, sent + 5, [{ address: at, owner: A }])
  expect(index.ask(question(at, 150)).holding?.lastSightingMs).toBe(300)
  source.poll(400, 405, [])
  expect(index.ask(question(at, 150)).holding?.lastSightingMs).toBe(300)
})
