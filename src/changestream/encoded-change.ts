import type { Claim, Layer } from '../ownership/claim.ts'
import type { EncodedClaim } from '../ownership/encoded-claim.ts'
import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import type { Millis } from '../ownership/window.ts'
import type { OwnersPlace } from './claim/claim-bytes.ts'
import type { Fence } from './fence.ts'
import type { Incumbents } from './incumbents.ts'
import { readClaimAt, takeClaimApart } from './payload-decoder.ts'
import type { LoggedChange } from './port.ts'

/**
 * A claim of the log that was found to be one and is left encoded until somebody asks for it: the index takes it as it is, and
 * for the index a history is replayed. Until then it keeps the memory that it lies in. Spread into another object it would be
 * lost, as its `change` is a getter: so it comes only to those who ask for it (`ReadOptions.encoded`).
 */
export class EncodedChange implements LoggedChange, OwnersPlace {
  readonly partition: number
  readonly offset: number
  readonly loggedAtMs: Millis
  /** Of the claim: who wrote it. */
  readonly source: string
  readonly epoch: number
  readonly sequence: number
  readonly layer: Layer
  /** Where it ends in the bytes that it was read from. */
  readonly end: number
  readonly ownersFrom: number
  readonly ownersEnd: number
  readonly ownersHash: number
  private readonly from: number
  private bytes: Buffer | undefined
  private claim: Claim | undefined

  constructor(
    bytes: Buffer,
    from: number,
    end: number,
    partition: number,
    offset: number,
    loggedAtMs: Millis,
    { source, epoch, sequence, layer, ownersFrom, ownersEnd, ownersHash }: EncodedClaim,
  ) {
    this.bytes = bytes
    this.from = from
    this.end = end
    this.partition = partition
    this.offset = offset
    this.loggedAtMs = loggedAtMs
    this.source = source
    this.epoch = epoch
    this.sequence = sequence
    this.layer = layer
    this.ownersFrom = ownersFrom
    this.ownersEnd = ownersEnd
    this.ownersHash = ownersHash
  }

  get change(): Claim {
    this.claim ??= this.read()
    return this.claim
  }

  /** The claim taken apart, until the next one is; undefined where it was read as an object already. */
  encoded(): EncodedClaim | undefined {
    return this.bytes && takeClaimApart(this.bytes, this.from, this)?.claim
  }

  private read(): Claim {
    const { bytes, from } = this
    const claim = bytes && readClaimAt(bytes, from)?.claim
    if (claim === undefined) throw new Error('a claim that was one when it was read from the log is none any more')
    this.bytes = undefined // whoever keeps the claim shall not keep the whole of what was read with it
    return claim
  }
}

/** The claim that begins at `from`; undefined where it has to be read as an object, or is none. */
export function encodedChange(
  bytes: Buffer,
  from: number,
  partition: number,
  offset: number,
  loggedAtMs: Millis,
): EncodedChange | undefined {
  const taken = takeClaimApart(bytes, from)
  return taken && new EncodedChange(bytes, from, taken.end, partition, offset, loggedAtMs, taken.claim)
}

/** What leaves messages encoded (`ChangeCodec.leave`) that are a claim of the current schema behind this header. */
export const leavingBehind =
  (header: Uint8Array) =>
  (message: Buffer, partition: number, offset: number, loggedAtMs: Millis): EncodedChange | undefined => {
    for (let i = 0; i < header.length; i++) if (message[i] !== header[i]) return undefined
    const change = encodedChange(message, header.length, partition, offset, loggedAtMs)
    return change?.end === message.length ? change : undefined
  }

/** `index.apply` of the change, in whichever form it is. */
export function applyTo(index: OwnershipIndex, logged: LoggedChange): void {
  const claim = logged instanceof EncodedChange ? logged.encoded() : undefined
  if (claim) index.applyEncoded(claim)
  else index.apply(logged.change)
}

/** `fence.fencedBy` the change, in whichever form it is. */
export const fencedBy = (fence: Fence, logged: LoggedChange): number | undefined =>
  logged instanceof EncodedChange ? fence.fencedWriter(logged.source, logged.epoch) : fence.fencedBy(logged.change)

/** `incumbents.take` of the change, in whichever form it is. */
export function takenBy(incumbents: Incumbents, logged: LoggedChange, atMs: Millis): void {
  if (logged instanceof EncodedChange) incumbents.takeClaim(logged.source, logged.epoch, logged.sequence, atMs)
  else incumbents.take(logged.change, atMs)
}
