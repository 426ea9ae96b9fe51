import { expect, test } from 'vitest'
import { Ledger, type NewTenure } from '../../src/simulator/ledger.ts'
import { Network } from '../../src/simulator/network.ts'
import { seededRandom } from '../../src/simulator/random.ts'
import { createWorld } from '../../src/simulator/world.ts'

const { network } = createWorld(
  1,
  0,
  { hosts: 1, containersPerHost: 4, groups: 2 },
  { briefestHoldingMs: 1, bridgeMs: 1 },
)
const [eni] = network.enisAt(0)
if (!eni) throw new Error('the world has no interface')

const held = (resourceId: string): NewTenure => ({
  holder: { application: resourceId, resourceId, layer: 'instance' },
  eni,
  privateIp: '10.0.0.1',
  instanceId: resourceId,
  reachable: true,
  sends: true,
})

/** a in [100, 200), nobody until 250, b in [250, 300), c from 300. */
function threeHolders(): Ledger {
  const ledger = new Ledger(() => undefined)
  ledger.record('vpc-1', '10.0.0.1', 100, held('a'))
  ledger.record('vpc-1', '10.0.0.1', 200, null)
  ledger.record('vpc-1', '10.0.0.1', 250, held('b'))
  ledger.record('vpc-1', '10.0.0.1', 300, held('c'))
  return ledger
}

test.each([
  [100, 200, ['a'], false],
  [99, 101, ['a'], true],
  [150, 201, ['a'], true],
  [200, 250, [], true],
  [199, 251, ['a', 'b'], true],
  [260, 310, ['b', 'c'], false],
  [0, 1_000, ['a', 'b', 'c'], true],
  [300, 9_999, ['c'], false],
  [0, 100, [], true],
])('in [%i, %i) it was held by %j, by nobody for a time: %s', (fromMs, untilMs, holders, nobody) => {
  const truth = threeHolders().during('vpc-1', '10.0.0.1', { fromMs, untilMs })
  expect(truth.holders.map(({ resourceId }) => resourceId)).toEqual(holders)
  expect(truth.nobody).toBe(nobody)
})

test('the same address in another space is another address', () => {
  expect(threeHolders().at('vpc-2', '10.0.0.1', 150)).toBeUndefined()
  expect(threeHolders().at('vpc-1', '10.0.0.1', 150)?.holder.resourceId).toBe('a')
})

test('a container comes before the instance, and the interface alone is left when both are gone', () => {
  const ledger = new Ledger(() => undefined)
  const fresh = new Network('1', seededRandom(1, 'test'), ledger)
  const own = fresh.create({ ...eni, primaryIp: '10.0.0.9' }, 0)
  const holderAt = (atMs: number) => ledger.at(own.subnet.vpc, '10.0.0.9', atMs)?.holder
  fresh.attach(
    own,
    { instance: { id: 'i-1', application: 'api' }, instanceOwner: '1', deviceIndex: 0, deleteOnTermination: true },
    10,
  )
  fresh.occupy(own, '10.0.0.9', { application: 'etl', resourceId: 'task-1', layer: 'container' }, 20)
  fresh.occupy(own, '10.0.0.9', null, 30)
  fresh.detach(own, 40)
  fresh.delete(own, 50)
  expect([5, 15, 25, 35, 45].map(atMs => holderAt(atMs)?.resourceId)).toEqual([own.id, 'i-1', 'task-1', 'i-1', own.id])
  expect(holderAt(55)).toBeUndefined()
})
