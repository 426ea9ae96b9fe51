import type { Layer, Owner, PortRange, Scope } from './claim.ts'
import type { Prefix } from './prefix.ts'
import type { StatedTime } from './stated-times.ts'
import type { Millis } from './window.ts'

/** When a request attempt was sent, and when its reply was received, on the poller's clock. */
export type Sighting = { readonly sentAtMs: Millis; readonly receivedAtMs: Millis }

/** Something that a reply showed, with the sighting that it is. */
export type Sighted<T> = { readonly value: T; readonly sighting: Sighting }

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
  /** What the source says of its start, and where it is `ending` of its end, beside showing it. */
  readonly stated: readonly StatedTime[]
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
