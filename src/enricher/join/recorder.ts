import type { OwnAddresses } from './own-addresses.ts'
import type { KnownInterface } from './steady-look-ups.ts'
import type { ViewedSpaces } from './viewpoints.ts'

/** What is known of the interface that records, over a stretch of time in which it stays the same. */
export type Recorder = {
  readonly fromSeconds: number
  readonly untilSeconds: number
  /**
   * Names its own ends, whose answers hold for this interface and stretch alone: OWN_SPACES of them, by how an end shows its
   * address.
   */
  readonly ownSpace: number
  /** Names the remote ends: the same for all interfaces that are in the same domains. */
  readonly remoteSpace: number
  readonly isFinal: boolean
  /** Undefined of an interface that is not known. */
  readonly own: OwnAddresses | undefined
  /** How remote addresses are seen from its domain; undefined where they are to be worked out one by one. */
  readonly viewed: ViewedSpaces | undefined
  readonly known: KnownInterface
}

/** What is added to `ownSpace`: PACKET where the end has a packet-level address; UNTOLD, OPPOSITE: see joiner.ts. */
export const PACKET = 1
export const UNTOLD = 2
export const OPPOSITE = 4
export const OWN_SPACES = 8
