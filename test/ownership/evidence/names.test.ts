import { describe, expect, test } from 'vitest'
import type { Owner } from '../../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { indexOf, owner, question, type Shown, TestSource } from '../../support/estate.ts'
import { A, adopted, askOf, at, claimsOf, world } from '../../support/story.ts'

const BILLING = owner('billing', 'i-a')
const unnamed = owner(null, 'i-a')
const by = (holder: Owner): Shown => ({ address: at, owner: holder })

describe('rule 6: the application is part of who holds an address', () => {
  test('a new tag on the same instance is a handoff between applications', () => {
    const { source, ask } = world()
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [by(A)])
    for (const sent of [300, 400]) source.poll(sent, sent + 5, [by(BILLING)])
    expect(ask(199)).toBe('owned sighted api')
    expect(ask(250)).toBe('ambiguous handoff api|billing|nobody')
    expect(ask(305)).toBe('owned sighted billing')
  })

  test('a name that arrives late was true from the start', () => {
    const { source, ask } = world()
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [by(unnamed)])
    for (const sent of [300, 400]) source.poll(sent, sent + 5, [by(A)])
    expect(ask(150)).toBe('owned sighted api')
    expect(claimsOf(source.changes).map(({ state }) => state)).toEqual(['closed', 'open'])
  })

  test('but not before a gap in which the address may have been another’s', () => {
    const { source, ask } = world({ bounds: { bridgeMs: 150 } })
    const loose = (holder: Owner) => ({ ...by(holder), lifetimeId: null })
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [loose(unnamed)])
    for (const sent of [3000, 3100]) source.poll(sent, sent + 5, [loose(A)])
    expect(ask(150)).toBe('owned sighted i-a')
    expect(ask(1500)).toMatch(/^ambiguous/)
  })

  test('tags that vanish under load do not unname anybody', () => {
    const { source, ask } = world()
    source.poll(100, 105, [by(A)])
    for (const sent of [200, 300]) source.poll(sent, sent + 5, [by(unnamed)])
    expect(ask(250)).toBe('ambiguous tail api|nobody') // the name may have changed unseen
    for (const sent of [400, 500]) source.poll(sent, sent + 5, [by(A)])
    expect(ask(250)).toBe('owned bridged api')
    expect(ask(450)).toBe('owned bridged api')
  })

  test('one of several sharers that is renamed is told from one whose name got lost', () => {
    const { source, index } = world()
    const host = owner(null, 'i-host')
    const shared = (holder: Owner): Shown => ({ ...by(holder), owners: [holder, host], lifetimeId: null })
    const bounded = new TestSource(index, { bounds: { bridgeMs: 500 } })
    for (const sent of [100, 200]) bounded.poll(sent, sent + 5, [shared(A)])
    for (const sent of [300, 400]) bounded.poll(sent, sent + 5, [shared(BILLING)])
    const candidates = index.ask(question(at, 350)).candidates.map(({ holding }) => holding?.owner.application)
    expect(candidates).toContain('billing')
    expect(source.changes).toEqual([])
  })

  test('other naming rules are a rename, never ten thousand handoffs', () => {
    const renamed = owner('api-v2', 'i-a')
    const polls = (isRename: boolean) => {
      const { source, ask } = world(
        isRename ? { isRename: (before, after) => before.application === 'api' && after.application === 'api-v2' } : {},
      )
      source.poll(50, 55, [])
      for (const sent of [100, 200]) source.poll(sent, sent + 5, [by(A)])
      for (const sent of [300, 400]) source.poll(sent, sent + 5, [by(renamed)])
      return [75, 150, 250, 350].map(atMs => ask(atMs))
    }
    const head = 'ambiguous head api-v2|nobody'
    expect(polls(true)).toEqual([head, ...Array(3).fill('owned sighted api-v2')])
    expect(polls(false)[2]).toMatch(/^ambiguous handoff/)
  })
})

describe('rule 6: what else an owner says is true of the whole claim, or describes the owner as last listed', () => {
  const moved = (part: Partial<Owner>) => {
    const { source, index, ask } = world()
    const on = (holder: Owner) => ({ ...by(holder), lifetimeId: 'l' })
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [on(owner('api', 'i-a', { ...place }))])
    for (const sent of [300, 400]) source.poll(sent, sent + 5, [on(owner('api', 'i-a', { ...place, ...part }))])
    return { ask, ownerAt: (atMs: number) => index.ask(question(at, atMs)).holding?.owner }
  }
  const place = { host: 'i-old', cluster: 'api-blue', team: 'old@example.com', labels: { name: 'old' } }

  test.each(['host', 'cluster', 'stack', 'detail', 'eni', 'subnet', 'vpc', 'zone', 'region', 'account'] as const)(
    'a task of the same application whose %s changed is not said to have been there all along',
    field => {
      const { ask, ownerAt } = moved({ [field]: 'new' })
      expect(ownerAt(150)?.[field]).toBe(field in place ? place[field as 'host' | 'cluster'] : null)
      expect(ask(250)).toBe('ambiguous handoff api|api|nobody')
      expect(ownerAt(350)?.[field]).toBe('new')
    },
  )

  test('an owner that is another resource is another holder, whatever id binds the address', () => {
    const { ownerAt } = moved({ resourceId: 'i-b' })
    expect([ownerAt(150)?.resourceId, ownerAt(350)?.resourceId]).toEqual(['i-a', 'i-b'])
  })

  test('team and labels are those of the last listing: they are asked for in order to call somebody', () => {
    const { ask, ownerAt } = moved({ team: 'new@example.com', labels: { name: 'new' } })
    expect(ask(250)).toBe('owned sighted api')
    expect(ownerAt(150)).toMatchObject({ team: 'new@example.com', labels: { name: 'new' } })
  })

  test('a node that no longer serves pods may have served them before', () => {
    const { source, ask } = world({ layers: ['instance'] })
    const node = (expects: Shown['expects']): Shown => ({ ...by(A), ...(expects && { expects }) })
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [node(['container'])])
    for (const sent of [300, 400]) source.poll(sent, sent + 5, [node([])])
    expect(ask(150)).toMatch(/^unknown/)
    expect(ask(350)).toBe('owned sighted api')
  })

  test('a network that is made to own its addresses did not own them before', () => {
    const { source, ask } = world()
    const network = (whole: boolean): Shown => ({ address: '10.0.0.0/24', owner: A, layer: 'network', whole })
    for (const sent of [100, 200]) source.poll(sent, sent + 5, [network(false)])
    for (const sent of [300, 400]) source.poll(sent, sent + 5, [network(true)])
    expect(ask(150)).toBe('unowned absent-in-complete-polls')
    expect(ask(350)).toBe('owned sighted api')
    for (const sent of [500, 600]) source.poll(sent, sent + 5, [network(false)])
    expect(ask(550)).toBe('unowned absent-in-complete-polls')
  })
})

describe('rule 6: a poller that dies between the two writes of a naming', () => {
  /** Unnamed until 300, named at 400; the poller dies after `written` changes of that poll, and a successor goes on. */
  function interrupted(written: number) {
    const { source } = world()
    source.poll(100, 105, [])
    for (const sent of [200, 300]) source.poll(sent, sent + 5, [by(unnamed)])
    const before = source.changes.length
    source.poll(400, 405, [by(A)])
    const log = source.changes.slice(0, before + written)
    const index = indexOf(log)
    const successor = new TestSource(index, { state: adopted(log) })
    return { successor, ask: askOf(index), index }
  }

  test.each([0, 1, 2, 3])('after %i changes of it the next poll puts everything right', written => {
    const { successor, ask } = interrupted(written)
    expect(ask(250)).not.toMatch(/^unowned/)
    successor.poll(500, 505, [by(A)])
    successor.poll(600, 605, [by(A)])
    expect([150, 250, 350, 550].map(atMs => ask(atMs))).toEqual([
      'ambiguous head api|nobody',
      'owned sighted api',
      'owned sighted api',
      'owned sighted api',
    ])
    expect(claimsOf(successor.changes).filter(({ state }) => state !== 'closed').length).toBeLessThanOrEqual(1)
  })

  test('a listing without tags comes first: both wait, and the next name puts everything right', () => {
    const { successor, ask } = interrupted(1)
    for (const sent of [500, 600]) successor.poll(sent, sent + 5, [by(unnamed)])
    expect(ask(250)).toBe('owned sighted api')
    expect(ask(450)).toMatch(/^ambiguous/) // the name may have changed unseen
    for (const sent of [700, 800]) successor.poll(sent, sent + 5, [by(A)])
    expect(ask(250)).toBe('owned bridged api')
    expect(ask(450)).toBe('owned bridged api')
    expect(ask(750)).toBe('owned bridged api')
  })

  test('two names of one resource that a single walk shows are no leftover: both stay candidates', () => {
    const index = createOwnershipIndex()
    const source = new TestSource(index)
    source.poll(100, 105, [])
    source.poll(200, 205, [by(A), by(BILLING)])
    for (const sent of [300, 400]) source.poll(sent, sent + 5, [by(BILLING)])
    const candidates = index.ask(question(at, 150)).candidates.map(({ holding }) => holding?.owner.application)
    expect(candidates).toEqual(expect.arrayContaining(['api', 'billing']))
  })
})
