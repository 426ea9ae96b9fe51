import { describe, expect, test } from 'vitest'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { indexOf, inWords, owner, question, TestSource } from '../support/estate.ts'

const A = owner('api', 'i-a')
const B = owner('batch', 'i-b')
const at = '10.0.0.5'

function world(options?: ConstructorParameters<typeof TestSource>[1]) {
  const index = createOwnershipIndex()
  const source = new TestSource(index, options)
  const ask = (fromMs: number, untilMs?: number, part?: Parameters<typeof question>[3]) =>
    inWords(index.ask(question(at, fromMs, untilMs, part)))
  return { index, source, ask }
}

describe('rule 1: a reply shows one moment between its request and its receipt, lag and clock error included', () => {
  test('the old owner is not stretched to the poll that first shows the new one', () => {
    const { source, ask } = world({ bounds: { lagMs: 10, clockErrorMs: 1 } })
    source.poll(50, 55, [])
    source.poll(100, 105, [])
    source.poll(200, 205, [{ address: at, owner: A }])
    source.poll(300, 305, [{ address: at, owner: A }])
    source.poll(400, 405, [{ address: at, owner: B }])
    source.poll(500, 505, [{ address: at, owner: B }])
    expect(ask(88)).toBe('unowned absent-in-complete-polls') // 100 − lag − ε is 89
    expect(ask(89)).toBe('ambiguous head api|nobody')
    expect(ask(205)).toBe('ambiguous head api|nobody')
    expect(ask(206)).toBe('owned sighted api') // R1 + ε
    expect(ask(288)).toBe('owned sighted api') // S2 − lag − ε is 289
    expect(ask(289)).toBe('ambiguous handoff api|batch|nobody')
    expect(ask(405)).toBe('ambiguous handoff api|batch|nobody')
    expect(ask(406)).toBe('owned sighted batch')
  })

  test('an owner joined from a slow second reply is as old as the oldest of the two', () => {
    const { source, ask } = world()
    source.poll(100, 105, [])
    source.poll(200, 260, [{ address: at, owner: A, sentAtMs: 210, receivedAtMs: 255 }])
    source.poll(300, 305, [{ address: at, owner: A }])
    expect(ask(254)).toBe('ambiguous head api|nobody')
    expect(ask(255)).toBe('owned sighted api')
  })
})

describe('rule 2: an open claim is certain up to its source’s progress', () => {
  test('what nobody has looked at yet is not given to the last owner', () => {
    const { source, ask } = world()
    source.poll(100, 105, [{ address: at, owner: A }])
    source.poll(200, 205, [{ address: at, owner: A }])
    expect(ask(199)).toBe('owned sighted api')
    expect(ask(200, 201, { nowMs: 230 })).toBe('unknown not-yet api|nobody')
  })

  test('a source that has fallen silent is called stale', () => {
    const { source, ask } = world({ bounds: { longestGapMs: 150 } })
    source.poll(100, 105, [{ address: at, owner: A }])
    source.poll(200, 205, [{ address: at, owner: A }])
    expect(ask(220, 221, { nowMs: 900 })).toBe('unknown source-stale api|nobody')
  })

  test('a refused poll moves nothing', () => {
    const { source, ask } = world()
    source.poll(100, 105, [{ address: at, owner: A }])
    source.poll(200, 205, [{ address: at, owner: A }])
    source.refuse('throttled')
    expect(ask(199)).toBe('owned sighted api')
    expect(ask(250, 251, { nowMs: 260 })).toBe('unknown not-yet api|nobody')
  })
})

describe('rule 3: absence that was proved is never bridged, but a lifetime id bridges a gap', () => {
  test('an address that left and came back is not owned in between', () => {
    const { source, ask } = world({ bounds: { bridgeMs: 500 } })
    for (const [sent, shown] of [
      [100, true],
      [200, true],
      [300, false],
      [400, true],
      [500, true],
    ] as const) {
      source.poll(sent, sent + 5, shown ? [{ address: at, owner: A, lifetimeId: null }] : [])
    }
    expect(ask(199)).toBe('owned sighted api')
    expect(ask(302)).toBe('ambiguous handoff api|api|nobody') // the first holding, or the second
    expect(ask(404)).toBe('ambiguous head api|nobody')
    expect(ask(405)).toBe('owned sighted api')
  })

  test('a task id that one stale reply left out held its address all the while', () => {
    const { source, ask } = world()
    for (const [sent, shown] of [
      [100, true],
      [200, true],
      [300, false],
      [400, true],
      [500, true],
    ] as const) {
      source.poll(sent, sent + 5, shown ? [{ address: at, owner: A }] : [])
    }
    expect(ask(302)).toBe('owned sighted api')
  })

  test('after a blind hour an address without a lifetime id is not owned through it', () => {
    const { source, ask } = world({ bounds: { bridgeMs: 150 } })
    source.poll(100, 105, [{ address: at, owner: A, lifetimeId: null }])
    source.poll(200, 205, [{ address: at, owner: A, lifetimeId: null }])
    source.refuse()
    source.poll(3000, 3005, [{ address: at, owner: A, lifetimeId: null }])
    source.poll(3100, 3105, [{ address: at, owner: A, lifetimeId: null }])
    expect(ask(199)).toBe('owned sighted api')
    expect(ask(1500)).toBe('ambiguous handoff api|api|nobody')
    expect(ask(3099)).toBe('owned sighted api')
  })

  test('a binding that returns after its claim was closed leaves the first holding as it was', () => {
    const { source, ask } = world()
    source.poll(100, 105, [{ address: at, owner: A }])
    source.poll(200, 205, [{ address: at, owner: A }])
    for (const sent of [300, 400, 500]) source.poll(sent, sent + 5, [])
    source.poll(600, 605, [{ address: at, owner: A }])
    source.poll(700, 705, [{ address: at, owner: A }])
    expect(ask(150)).toBe('owned sighted api')
    expect(ask(450)).toBe('unowned absent-in-complete-polls')
    expect(ask(650)).toBe('owned sighted api')
  })
})

describe('rule 4: a listing on its way out is neither sighting nor absence', () => {
  test('a task being killed keeps nobody from being the next', () => {
    const { source, ask } = world()
    source.poll(100, 105, [{ address: at, owner: A }])
    source.poll(200, 205, [{ address: at, owner: A, state: 'ending' }])
    source.poll(300, 305, [{ address: at, owner: A, state: 'ending' }])
    source.poll(400, 405, [])
    expect(ask(150)).toBe('ambiguous tail api|nobody')
    expect(ask(350)).toBe('ambiguous tail api|nobody')
    expect(ask(405, 406, { nowMs: 410 })).toBe('unknown not-yet')
  })

  test('a task first listed while ending is a candidate, never an owner', () => {
    const { source, ask } = world()
    source.poll(100, 105, [])
    source.poll(200, 205, [{ address: at, owner: A, state: 'ending' }])
    source.poll(300, 305, [])
    expect(ask(150)).toBe('ambiguous head api|nobody')
    expect(ask(250)).toBe('ambiguous tail api|nobody')
  })
})

describe('rule 5: a stated time narrows a window only as far as it speaks of this binding', () => {
  test('an attach time is the earliest start, not the start', () => {
    const { source, ask } = world()
    source.poll(100, 105, [])
    source.poll(200, 205, [{ address: at, owner: A, stated: [{ kind: 'not-before', atMs: 180 }] }])
    source.poll(300, 305, [{ address: at, owner: A }])
    expect(ask(150)).toBe('unowned absent-in-complete-polls')
    expect(ask(190)).toBe('ambiguous head api|nobody')
  })

  test('an exact time is the start, within the clock error', () => {
    const { source, ask } = world({ bounds: { clockErrorMs: 2 } })
    source.poll(100, 105, [])
    source.poll(200, 205, [{ address: at, owner: A, stated: [{ kind: 'exact', atMs: 180 }] }])
    source.poll(300, 305, [{ address: at, owner: A }])
    expect(ask(177)).toBe('unowned absent-in-complete-polls')
    expect(ask(180)).toBe('ambiguous head api|nobody')
    expect(ask(182)).toBe('owned authoritative-time api')
  })
})

describe('rule 6: the application is part of who holds an address', () => {
  const unnamed = owner(null, 'i-a')

  test('a new tag on the same instance is a handoff between applications', () => {
    const { source, ask } = world()
    source.poll(100, 105, [{ address: at, owner: A }])
    source.poll(200, 205, [{ address: at, owner: A }])
    source.poll(300, 305, [{ address: at, owner: owner('billing', 'i-a') }])
    source.poll(400, 405, [{ address: at, owner: owner('billing', 'i-a') }])
    expect(ask(199)).toBe('owned sighted api')
    expect(ask(250)).toBe('ambiguous handoff api|billing|nobody')
    expect(ask(305)).toBe('owned sighted billing')
  })

  test('a name that arrives late was true from the start', () => {
    const { source, ask } = world()
    source.poll(100, 105, [{ address: at, owner: unnamed }])
    source.poll(200, 205, [{ address: at, owner: unnamed }])
    source.poll(300, 305, [{ address: at, owner: A }])
    source.poll(400, 405, [{ address: at, owner: A }])
    expect(ask(150)).toBe('owned sighted api')
  })

  test('tags that vanish under load do not unname anybody', () => {
    const { source, ask } = world()
    source.poll(100, 105, [{ address: at, owner: A }])
    source.poll(200, 205, [{ address: at, owner: unnamed }])
    source.poll(300, 305, [{ address: at, owner: unnamed }])
    expect(ask(250)).toBe('ambiguous tail api|nobody') // the name may have changed unseen
    source.poll(400, 405, [{ address: at, owner: A }])
    source.poll(500, 505, [{ address: at, owner: A }])
    expect(ask(250)).toBe('owned sighted api')
    expect(ask(450)).toBe('owned sighted api')
  })
})

describe('rule 7: two sources about one lifetime are one holding', () => {
  test('their windows intersect, and the owner comes from the one that names it', () => {
    const { index, ask } = world()
    const one = new TestSource(index, { source: 'a/one' })
    const two = new TestSource(index, { source: 'b/two' })
    one.poll(100, 105, [])
    two.poll(150, 155, [])
    one.poll(200, 205, [{ address: at, owner: owner(null, 'i-a') }])
    two.poll(170, 175, [{ address: at, owner: A }])
    one.poll(300, 305, [{ address: at, owner: owner(null, 'i-a') }])
    two.poll(310, 315, [{ address: at, owner: A }])
    expect(ask(174)).toBe('ambiguous head api|nobody')
    expect(ask(175)).toBe('owned sighted api')
  })

  test('two different names for it are shown as a conflict', () => {
    const { index, ask } = world()
    for (const [source, holder] of [
      ['a/one', A],
      ['b/two', owner('other', 'i-a')],
    ] as const) {
      const polled = new TestSource(index, { source })
      for (const sent of [100, 200]) polled.poll(sent, sent + 5, [{ address: at, owner: holder }])
    }
    expect(ask(150)).toBe('ambiguous conflicting-sources api|other')
  })
})

describe('rule 8: within one source a certain claim cuts what is merely possible of the others', () => {
  test('a task that lingers in the list does not shadow its successor', () => {
    const { source, ask } = world()
    source.poll(100, 105, [{ address: at, owner: A }])
    source.poll(200, 205, [
      { address: at, owner: A, state: 'ending' },
      { address: at, owner: B },
    ])
    source.poll(300, 305, [
      { address: at, owner: A, state: 'ending' },
      { address: at, owner: B },
    ])
    expect(ask(250)).toBe('owned sighted batch')
    expect(ask(150)).toBe('ambiguous handoff api|batch|nobody')
  })

  test('what ended before another was certain is not possible after it', () => {
    const { source, ask } = world()
    source.poll(100, 105, [{ address: at, owner: A }])
    source.poll(200, 205, [
      { address: at, owner: A, state: 'ending' },
      { address: at, owner: B },
    ])
    source.poll(300, 305, [
      { address: at, owner: A, state: 'ending' },
      { address: at, owner: B },
    ])
    source.poll(400, 405, [{ address: at, owner: A, state: 'ending' }])
    source.poll(500, 505, [{ address: at, owner: A, state: 'ending' }])
    expect(ask(450)).toBe('unowned absent-in-complete-polls')
  })

  test('an address listed on two interfaces at once stays a conflict after one of them is gone', () => {
    const { source, ask } = world()
    source.poll(100, 105, [{ address: at, owner: A }])
    for (const sent of [200, 300, 400])
      source.poll(
        sent,
        sent + 5,
        [A, B].map(holder => ({ address: at, owner: holder })),
      )
    expect(ask(350)).toBe('ambiguous conflicting-sources api|batch')
    for (const sent of [500, 600]) source.poll(sent, sent + 5, [{ address: at, owner: A }])
    expect(ask(350)).toBe('ambiguous conflicting-sources api|batch')
    expect(ask(550)).toBe('owned sighted api')
  })

  test('a shared address is never cut', () => {
    const { source, ask } = world()
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [{ address: at, owner: A, owners: [A, B] }])
    expect(ask(150)).toBe('ambiguous shared-address api|batch')
  })
})

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
    const exact = (atMs: number) => [{ kind: 'exact', atMs }] as const
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
    expect(index.ask(question(at, 150)).final).toBe(false) // missing: it may be back in the next poll
    source.poll(400, 405, [])
    expect(index.ask(question(at, 150)).final).toBe(true)
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
