import type { Static } from 'typebox'
import { isoTime } from '../api/time.ts'
import type { DomainRule } from '../ownership/domains.ts'
import { type Prefix, toPrefix } from '../ownership/prefix.ts'
import { type Reach, type ReachTable, reachTable } from '../ownership/reach.ts'
import type { SettingsSchema } from './settings-schema.ts'

type Settings = Static<typeof SettingsSchema>

type Lifetime = { readonly since?: string; readonly until?: string }

/** The rules with their lifetimes in milliseconds. */
export const domainRulesOf = ({ domains }: Pick<Settings, 'domains'>): readonly DomainRule[] =>
  domains.map(({ since, until, ...rule }) => ({
    ...(rule as DomainRule),
    ...(since === undefined ? {} : { fromMs: isoTime(since) as number }),
    ...(until === undefined ? {} : { untilMs: isoTime(until) as number }),
  }))

/** What may be reached from where; the way back leads to all that is watched there. */
export const reachesOf = ({ reach }: Pick<Settings, 'reach'>): readonly Reach[] =>
  reach.flatMap(({ from, to, cidrs, since, until, via, bothWays }) => {
    const fromMs = since === undefined ? Number.NEGATIVE_INFINITY : (isoTime(since) as number)
    const untilMs = until === undefined ? Number.POSITIVE_INFINITY : (isoTime(until) as number)
    const blocks = cidrs?.map(text => toPrefix(text) as Prefix) ?? null
    const there: Reach = { from, to, cidrs: blocks, fromMs, untilMs, via }
    return bothWays ? [there, { ...there, from: to, to: from, cidrs: null }] : [there]
  })

export const reachTableOf = (settings: Pick<Settings, 'reach'>): ReachTable => reachTable(reachesOf(settings))

/** What is wrong with the lifetimes and blocks of rules and reaches. */
export function complaintsAboutDomains({ domains, reach }: Pick<Settings, 'domains' | 'reach'>): string[] {
  return [
    ...domains.flatMap(({ domain, ...rule }, i) => lifetimeComplaints(`domains.${i} (${domain})`, rule)),
    ...reach.flatMap(({ from, to, cidrs = [], via, ...lifetime }, i) => {
      const name = `reach.${i} (${from} to ${to}, ${via})`
      const wrong = cidrs.filter(text => toPrefix(text) === undefined)
      return [
        ...lifetimeComplaints(name, lifetime),
        ...(from === to ? [`${name}: a domain needs no reach to itself`] : []),
        ...wrong.map(text => `${name}: "${text}" is not a CIDR block like 10.0.0.0/16`),
      ]
    }),
  ]
}

function lifetimeComplaints(name: string, { since, until }: Lifetime): readonly string[] {
  const wrong = [since, until].filter(text => text !== undefined && isoTime(text) === undefined)
  if (wrong.length > 0) {
    return wrong.map(text => `${name}: "${text}" is not a time with its zone like 2026-11-20T14:05:00Z`)
  }
  if (since === undefined || until === undefined || (isoTime(since) as number) < (isoTime(until) as number)) return []
  return [`${name}: it ends (${until}) before it begins (${since})`]
}
