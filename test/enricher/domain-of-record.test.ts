import { expect, test } from 'vitest'
import { domainOfRemote, managedSpace } from '../../src/enricher/domain-of-record.ts'
import { type Ip, toIp } from '../../src/ownership/address.ts'
import type { SourceRecord } from '../../src/ownership/claim.ts'
import { toPrefix } from '../../src/ownership/prefix.ts'

const ip = (text: string): Ip => {
  const parsed = toIp(text)
  if (parsed === undefined) throw new TypeError(text)
  return parsed
}

function spaceOf(domain: string, prefixes: readonly string[]) {
  const source: SourceRecord = {
    record: 'source',
    source: 'ec2/test',
    revision: { epoch: 1, sequence: 1 },
    kind: 'ec2',
    scope: prefixes.flatMap(text => {
      const prefix = toPrefix(text)
      return prefix ? [{ domain, prefix, layers: ['interface'] as const, fromMs: 0 }] : []
    }),
    bounds: { lagMs: 0, clockErrorMs: 0, bridgeMs: 0, briefestHoldingMs: 0, longestGapMs: 0 },
    validity: { fromMs: 0, untilMs: Number.POSITIVE_INFINITY },
  }
  return managedSpace([{ source, completeUpToMs: undefined, refused: null }])
}

test('public space that a VPC uses itself is asked in its domain, the rest in the public one', () => {
  const space = spaceOf('vpc-1', ['10.0.0.0/16', '52.0.0.0/24', '2600:1f13::/56'])
  expect(domainOfRemote(ip('52.0.0.9'), 'vpc-1', space)).toBe('vpc-1')
  expect(domainOfRemote(ip('52.0.1.9'), 'vpc-1', space)).toBe('inet.0')
  expect(domainOfRemote(ip('52.0.0.9'), 'vpc-2', space)).toBe('inet.0')
  expect(domainOfRemote(ip('2600:1f13::1'), 'vpc-1', space)).toBe('vpc-1')
  expect(domainOfRemote(ip('2a00:1450::1'), 'vpc-1', space)).toBe('inet6.0')
})

test('private space means nothing but in the local domain', () => {
  const space = spaceOf('vpc-1', ['10.0.0.0/16'])
  for (const text of ['10.0.0.1', '10.9.9.9', '100.64.0.1', '169.254.1.1', 'fd00::1']) {
    expect(domainOfRemote(ip(text), 'vpc-1', space)).toBe('vpc-1')
    expect(domainOfRemote(ip(text), undefined, space)).toBeUndefined()
  }
})

test('a source that watches whatever is in a domain does not make the internet part of it', () => {
  const space = spaceOf('vpc-1', ['0.0.0.0/0', '::/0'])
  expect(domainOfRemote(ip('52.0.0.9'), 'vpc-1', space)).toBe('inet.0')
  expect(domainOfRemote(ip('2a00:1450::1'), 'vpc-1', space)).toBe('inet6.0')
})
