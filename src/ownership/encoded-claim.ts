import type { Claim, ClaimState, Evidence, Layer, PortRange } from './claim.ts'
import type { Millis } from './window.ts'

/** Texts of an owner in the order in which `OwnerTexts` has them. Labels are apart. */
export const OWNER_TEXTS = [
  'application',
  'cluster',
  'stack',
  'detail',
  'kind',
  'resourceId',
  'account',
  'region',
  'zone',
  'vpc',
  'subnet',
  'eni',
  'host',
  'team',
  'namedBy',
] as const

/** Where the texts of one owner lie: two numbers for each, from where and how many bytes, −1 of one that is null. */
export type OwnerTexts = {
  /** In the order of OWNER_TEXTS. */
  readonly places: Int32Array
  /** Four numbers a label: place of its name and of its value. Longer than `labelCount` says, since it is used again. */
  readonly labels: Int32Array
  readonly labelCount: number
  readonly forwards: boolean
}

/**
 * A claim as it lies encoded in somebody's memory, so that it can be taken into the index without a text being made of its
 * bytes. It is one object for all claims: whoever takes it reads it at once, copies what he keeps, and keeps nothing of `memory`.
 *
 * Its id and its lifetime are ASCII, and all is as the type `Claim` asks for it; a claim that is otherwise is handed over as an
 * object. Positions count in `memory`.
 */
export interface EncodedClaim {
  readonly memory: DataView<ArrayBufferLike>
  readonly idFrom: number
  readonly idSize: number
  readonly epoch: number
  readonly sequence: number
  /** Names of which there are few: made a text once, and then found by their bytes. */
  readonly domain: string
  readonly source: string
  /** The prefix as `readPrefix` (ledger/prefix-words.ts) has it: its code, and the words of its address. */
  readonly prefixCode: number
  readonly prefixWords: Uint32Array
  readonly ports: PortRange | null
  readonly layer: Layer
  readonly lifetimeFrom: number
  /** −1 where there is none. */
  readonly lifetimeSize: number
  readonly startEarliestMs: Millis
  readonly startLatestMs: Millis
  readonly endEarliestMs: Millis
  readonly endLatestMs: Millis
  readonly lastSightingMs: Millis
  readonly evidence: Evidence
  readonly state: ClaimState
  readonly expects: readonly Layer[]
  readonly whole: boolean
  readonly ownerCount: number
  /** All owners together: the same bytes are equal owners. The hash is of these bytes, and by whoever encoded them. */
  readonly ownersFrom: number
  readonly ownersEnd: number
  readonly ownersHash: number
  /** The texts of the owner, where there is but one and all of them are ASCII. */
  owner(): OwnerTexts | undefined
  /** The same claim as an object. */
  claim(): Claim
}
