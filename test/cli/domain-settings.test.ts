import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { domainRulesOf, reachTableOf } from '../../src/cli/domain-settings.ts'
import { loadSettings, type Settings } from '../../src/cli/settings.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { question } from '../support/estate.ts'

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder('domain-settings')
})

function load(text: string): Settings {
  const path = join(folder, 'whohad.yaml')
  writeFileSync(path, text)
  return loadSettings({}, { config: path })
}

const complaint = (text: string): string => {
  try {
    load(text)
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('nothing was refused')
}

const NOON = Date.UTC(2026, 0, 1, 12)

describe('domain rules', () => {
  test('have lifetimes, written as times with their zone', () => {
    const { domains } = load(`
domains:
  - { domain: old, vpc: vpc-1, until: 2026-01-01T13:00:00+01:00 }
  - { domain: new, vpc: vpc-1, since: "2026-01-01T12:00Z", expects: { branch: [container] } }`)
    expect(domainRulesOf({ domains })).toEqual([
      { domain: 'old', vpc: 'vpc-1', untilMs: NOON },
      { domain: 'new', vpc: 'vpc-1', fromMs: NOON, expects: { branch: ['container'] } },
    ])
  })

  test('are refused where a time has no zone or does not exist, or the end comes first', () => {
    expect(complaint('domains: [{ domain: a, since: 2026-01-01T12:00:00 }]')).toMatch(
      /domains\.0 \(a\): "2026-01-01T12:00:00" is not a time with its zone/,
    )
    expect(complaint('domains: [{ domain: a, until: 2026-02-30T12:00:00Z }]')).toMatch(/"2026-02-30.*not a time/)
    const reversed = '{ domain: a, since: 2026-01-02T00:00Z, until: 2026-01-01T00:00Z }'
    expect(complaint(`domains: [${reversed}]`)).toMatch(/ends \(2026-01-01T00:00Z\) before it begins \(2026-01-02T00/)
    const empty = '{ domain: a, since: 2026-01-02T00:00Z, until: 2026-01-02T00:00Z }'
    expect(complaint(`domains: [${empty}]`)).toMatch(/before it begins/)
  })
})

describe('reach', () => {
  const beyond = (settings: Settings, from: string, address: string, fromMs: number, untilMs: number) =>
    reachTableOf(settings)
      .beyond(from, question(address, 0).ip, { fromMs, untilMs }, domain => domain === 'prod')
      .map(({ domain }) => domain)

  test('leads to its blocks, and back to all that is managed, while it lasts', () => {
    const settings = load('reach: [{ from: prod, to: shared, cidrs: [10.9.0.7/16], since: 2026-01-01T12:00Z }]')
    expect(settings.reach[0]).toMatchObject({ via: 'declared', bothWays: true })
    expect(beyond(settings, 'prod', '10.9.1.1', NOON, NOON + 1)).toEqual(['shared'])
    expect(beyond(settings, 'prod', '10.9.1.1', NOON - 1, NOON)).toEqual([])
    expect(beyond(settings, 'prod', '10.8.1.1', NOON, NOON + 1)).toEqual([])
    expect(beyond(settings, 'shared', '10.8.1.1', NOON, NOON + 1)).toEqual(['prod'])
  })

  test('leads one way where that is said', () => {
    const settings = load('reach: [{ from: lab, to: prod, via: tgw-1, bothWays: false }]')
    expect(beyond(settings, 'lab', '10.9.1.1', 0, 1)).toEqual(['prod'])
    expect(beyond(settings, 'prod', '10.9.1.1', 0, 1)).toEqual([])
  })

  test('is refused to itself, to no block, and over no time, each with its place', () => {
    expect(complaint('reach: [{ from: a, to: a }]')).toMatch(/reach\.0 \(a to a, declared\): a domain needs no reach/)
    expect(complaint('reach: [{ from: a, to: b, via: pcx-1, cidrs: [10.0.0.0/33] }]')).toMatch(
      /reach\.0 \(a to b, pcx-1\): "10\.0\.0\.0\/33" is not a CIDR block/,
    )
    expect(complaint('reach: [{ from: a, to: b, since: yesterday }]')).toMatch(/"yesterday" is not a time/)
    expect(complaint('reach: [{ from: a, to: "no name" }]')).toMatch(/reach\.0\.to/)
  })
})
