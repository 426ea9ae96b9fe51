import type { Layer, Owner, PortRange, Scope } from './claim.ts'
import type { Prefix } from './prefix.ts'
import type { Millis } from './window.ts'

/** When a request attempt was sent, and when its reply was received, on the poller's clock. */
export type Sighting = { readonly sentAtMs: Millis; readonly receivedAtMs: Millis }

/** A time that the source itself states for the start of this binding. `not-before` narrows the window, `exact` is a point. */
export type StatedStart = { readonly kind: 'exact' | 'not-before' | 'not-after'; readonly atMs: Millis }

/** One address held by one owner, as one snapshot shows it. */
export type Binding = {
  readonly domain: string
  readonly prefix: Prefix
  readonly ports: PortRange | null
  readonly layer: Layer
  readonly owners: readonly Owner[]
  /** Only an id of *this binding of this address*; null where the resource may give the address up and take it back. */
  readonly lifetimeId: string | null
  /** `held` is a sighting. `ending` is neither sighting nor absence: it only opens the end window. */
  readonly state: 'held' | 'ending'
  readonly sighting: Sighting
  readonly stated: readonly StatedStart[]
  readonly expects: readonly Layer[]
  readonly whole: boolean
}

/** What one whole poll of one source showed. `sighting` spans all its requests: least sent, greatest received. */
export type Snapshot = {
  readonly sighting: Sighting
  readonly bindings: readonly Binding[]
  /** The domains and prefixes for which absence from this snapshot means something; `fromMs` is set by the diff. */
  readonly scope: readonly Omit<Scope, 'fromMs'>[]
}

/** The span of several requests: the least sent, the greatest received (a join is as old as its oldest part). */
export const spanOf = (a: Sighting, b: Sighting): Sighting => ({
  sentAtMs: Math.min(a.sentAtMs, b.sentAtMs),
  receivedAtMs: Math.max(a.receivedAtMs, b.receivedAtMs),
})
