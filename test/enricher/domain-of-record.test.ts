import { describe, expect, test } from 'vitest'
import { domainOfRemote, domainsOfRecord, managedSpace } from '../../src/enricher/domain-of-record.ts'
import { parseHeader } from '../../src/enricher/flowlogs/fields.ts'
import { lineParser } from '../../src/enricher/flowlogs/parse.ts'
import { type Ip, toIp } from '../../src/ownership/address.ts'
import type { SourceRecord } from '../../src/ownership/claim.ts'
import type { InterfaceView } from '../../src/ownership/ownership-index.ts'
import { toPrefix } from '../../src/ownership/prefix.ts'
import { ownerOf } from '../support/flow-log-inventory.ts'

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

test('a source that watches only containers says nothing of the blocks that VPCs have', () => {
  const space = spaceOf('vpc-1', ['10.0.0.0/16'])
  expect(space('vpc-1', ip('10.0.0.9'))).toBe(true)
  expect(space('vpc-1', ip('10.0.0.9'), 'network')).toBe(false)
  expect(space('vpc-2', ip('10.0.0.9'))).toBe(false)
})

describe('the domain of a record', () => {
  const format = parseHeader('version vpc-id account-id region srcaddr dstaddr start end')
  const record = format && lineParser(format)('5 vpc-1 111 us-east-1 10.0.0.5 10.0.0.9 0 1', 1)
  if (record?.kind !== 'flow') throw new TypeError('not a record')
  const rules = [
    { domain: 'before', vpc: 'vpc-1', partition: 'aws', untilMs: 5000 },
    { domain: 'after', vpc: 'vpc-1' },
  ]
  const domains = (fromMs: number, untilMs: number, view?: InterfaceView) =>
    domainsOfRecord(record, view, { fromMs, untilMs }, rules)

  test('is what the rules say of its VPC at its time, and both where they change within it', () => {
    expect(domains(1000, 5000)).toEqual(['before'])
    expect(domains(5000, 6000)).toEqual(['after'])
    expect(domains(4000, 6000)).toEqual(['before', 'after'])
  })

  test('is what the claims say of its interface, whatever the rules say', () => {
    const view = {
      domains: ['claimed', 'other'],
      owner: ownerOf({}),
      prefixes: [],
      forwards: false,
      complete: true,
      settled: true,
    }
    expect(domains(1000, 5000, view)).toEqual(['claimed', 'other'])
  })
})
