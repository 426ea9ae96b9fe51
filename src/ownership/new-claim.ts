import { type Claim, claimKey, type Revision } from './claim.ts'
import type { Hearing } from './hearing.ts'
import { holderOf } from './same-holding.ts'
import type { SeenWindows } from './seen-windows.ts'
import type { Binding } from './snapshot.ts'
import type { DiffContext } from './source-state.ts'
import { unheard } from './stated-times.ts'
import type { Millis } from './window.ts'

export type Beginning = {
  readonly notBeforeMs: Millis
  /** The claim begins with its binding, so that a time which is stated for the start of that is one for the claim too. */
  readonly withBinding: boolean
}

/** Opens the claim of a binding that no known claim goes on as. */
export function newClaim(
  binding: Binding,
  { notBeforeMs, withBinding }: Beginning,
  revision: Revision,
  { source, identify }: DiffContext,
  windows: SeenWindows,
  hearing: Hearing,
): Claim {
  const lifetime = `${binding.lifetimeId ?? holderOf(binding.owners)}#${revision.epoch}.${revision.sequence}`
  const polled = windows.startOf(binding, notBeforeMs)
  const start = withBinding ? hearing.hear(binding, 'start', polled) : unheard(polled)
  const { domain, prefix, ports, layer, owners } = binding
  const seen = windows.seenAt(binding)
  const claim: Claim = {
    record: 'claim',
    id: identify(claimKey({ source, domain, prefix, ports, layer, owners }, lifetime)),
    revision,
    domain,
    prefix,
    ports,
    layer,
    source,
    owners,
    lifetimeId: binding.lifetimeId,
    start: start.bounds,
    end: seen.end,
    lastSightingMs: seen.lastSightingMs,
    evidence: start.isPoint ? 'authoritative-time' : 'sighted',
    state: 'open',
    expects: binding.expects,
    whole: binding.whole,
  }
  if (binding.state === 'held') return claim
  // Never sighted, only seen on its way out: it may have held the address; no instant is certain but by what is stated.
  const { earliestMs } = start.bounds
  const end = hearing.hear(binding, 'end', { earliestMs, latestMs: Number.POSITIVE_INFINITY })
  return {
    ...claim,
    start: { earliestMs, latestMs: Math.min(start.bounds.latestMs, end.bounds.latestMs) },
    end: end.bounds,
    lastSightingMs: 0,
    evidence: start.isPoint || end.isPoint ? 'authoritative-time' : 'sighted',
    state: hearing.isOver(end) ? 'closed' : 'missing',
  }
}
