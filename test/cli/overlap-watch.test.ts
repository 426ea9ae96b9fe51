import { expect, test } from 'vitest'
import { createOverlapWatch } from '../../src/cli/overlap-watch.ts'
import type { Claim } from '../../src/ownership/claim.ts'
import { claimOf, ownerOf } from '../support/changes.ts'
import { prefix } from '../support/estate.ts'

const blockOf = (vpc: string, cidr: string, sequence: number, part: Partial<Claim> = {}): Claim => {
  const owner = ownerOf('', { kind: 'vpc', resourceId: vpc, vpc, account: '111', region: 'us-east-1', eni: null })
  const claim = claimOf('ec2/111/us-east-1', 1, sequence, { prefix: prefix(cidr), layer: 'network', owners: [owner] })
  return { ...claim, domain: 'prod', id: `${vpc} ${cidr}`, ...part }
}

function watch() {
  const happened: unknown[] = []
  const watched = createOverlapWatch({
    overlapFound: ({ outer, inner }) => happened.push(`${outer.vpc} ${outer.prefix} > ${inner.vpc} ${inner.prefix}`),
    overlapsCounted: ({ pairs }) => happened.push(pairs),
  })
  const after = (...changes: readonly Claim[]) => {
    watched.take(changes)
    watched.check()
    return happened.splice(0)
  }
  return { watched, after, happened }
}

const outer = blockOf('vpc-a', '10.0.0.0/16', 1)
const inner = blockOf('vpc-b', '10.0.7.0/24', 1)
const TOLD = 'vpc-a 10.0.0.0/16 > vpc-b 10.0.7.0/24'

test('a pair is told once, and counted for as long as it stands', () => {
  const { after } = watch()
  expect(after(outer)).toEqual([0])
  expect(after(inner)).toEqual([TOLD, 1])
  expect(after(blockOf('vpc-c', '10.9.0.0/16', 1))).toEqual([1])
  expect(after({ ...inner, revision: { epoch: 1, sequence: 2 }, state: 'missing' })).toEqual([0])
  expect(after({ ...inner, revision: { epoch: 1, sequence: 3 } })).toEqual([1])
})

test('what came and went during a replay is not told of', () => {
  const { watched, happened } = watch()
  watched.take([outer, inner, { ...inner, revision: { epoch: 1, sequence: 2 }, state: 'closed' }])
  watched.check()
  expect(happened).toEqual([0])
})

test('an older revision changes nothing, and neither does a subnet or an address', () => {
  const { after } = watch()
  const closed = { ...inner, revision: { epoch: 1, sequence: 5 }, state: 'closed' } as const
  expect(after(outer, closed)).toEqual([0])
  expect(after(inner)).toEqual([])
  const owner = ownerOf('', { kind: 'subnet', resourceId: 'subnet-1', vpc: 'vpc-b' })
  expect(after({ ...inner, id: 'subnet', owners: [owner] }, { ...inner, id: 'host', layer: 'interface' })).toEqual([])
})
