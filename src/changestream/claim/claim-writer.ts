import { type Claim, LAYERS, type Layer, type Owner } from '../../ownership/claim.ts'
import type { Bounds, Millis } from '../../ownership/window.ts'
import { UNUSUAL } from './byte-cursor.ts'
import { EVIDENCES, HIGHEST_PORT, STATES } from './fields.ts'
import type { MessageSlab } from './message-slab.ts'

/** What was written for an owner, and where. */
type Written = { owner: Owner | undefined; bytes: Buffer | undefined; from: number; until: number }

/** Owners of the last claims; four, as an interface and its instance take turns in the addresses that they hold. */
const REMEMBERED = 4

/**
 * Writes claims as schemas/ip-claim.avsc has them, byte for byte as avsc would write what `toWire` makes of them. avsc itself
 * needs some two and a half times as long (docs/decisions/0011-claims-read-and-written-by-hand.md).
 */
export class ClaimWriter {
  private readonly slab: MessageSlab
  private readonly written: Written[] = Array.from({ length: REMEMBERED }, () => ({
    owner: undefined,
    bytes: undefined,
    from: 0,
    until: 0,
  }))
  private turn = 0

  constructor(slab: MessageSlab) {
    this.slab = slab
  }

  /** @throws UNUSUAL where only avsc can say whether and how it is to be written. */
  write(claim: Claim): void {
    const { slab } = this
    slab.text(claim.id)
    slab.long(claim.revision.epoch)
    slab.long(claim.revision.sequence)
    slab.text(claim.domain)
    slab.text(claim.prefix)
    writePorts(claim.ports, slab)
    writeChoice<Layer>(LAYERS, claim.layer, slab)
    slab.text(claim.source)
    if (claim.owners.length > 0) slab.long(claim.owners.length)
    for (const owner of claim.owners) this.writeOwner(owner)
    slab.byte(0)
    slab.textOrNull(claim.lifetimeId)
    writeBounds(claim.start, slab)
    writeBounds(claim.end, slab)
    slab.long(claim.lastSightingMs)
    writeChoice(EVIDENCES, claim.evidence, slab)
    writeChoice(STATES, claim.state, slab)
    if (claim.expects.length > 0) slab.long(claim.expects.length)
    for (const layer of claim.expects) writeChoice<Layer>(LAYERS, layer, slab)
    slab.byte(0)
    slab.boolean(claim.whole)
  }

  private writeOwner(owner: Owner): void {
    const { slab } = this
    const before = this.written.find(written => written.owner === owner && written.bytes === slab.bytes)
    if (before !== undefined) {
      slab.repeat(before.from, before.until)
      return
    }
    // A new piece of memory may be begun while it is written, and then the message lies elsewhere.
    const { bytes, next: from } = slab
    writeOwner(owner, slab)
    if (slab.bytes !== bytes) return
    this.turn = (this.turn + 1) % REMEMBERED
    Object.assign(this.written[this.turn] as Written, { owner, bytes, from, until: slab.next })
  }
}

function writeOwner(owner: Owner, slab: MessageSlab): void {
  slab.textOrNull(owner.application)
  slab.textOrNull(owner.cluster)
  slab.textOrNull(owner.stack)
  slab.textOrNull(owner.detail)
  slab.text(owner.kind)
  slab.text(owner.resourceId)
  slab.textOrNull(owner.account)
  slab.textOrNull(owner.region)
  slab.textOrNull(owner.zone)
  slab.textOrNull(owner.vpc)
  slab.textOrNull(owner.subnet)
  slab.textOrNull(owner.eni)
  slab.textOrNull(owner.host)
  slab.textOrNull(owner.team)
  writeLabels(owner.labels, slab)
  slab.textOrNull(owner.namedBy)
  slab.boolean(owner.forwards)
}

/** In the order of their names, so that equal claims are equal bytes. */
function writeLabels(labels: Owner['labels'], slab: MessageSlab): void {
  const names = Object.keys(labels)
  if (names.length > 0) slab.long(names.length)
  if (names.length > 1) names.sort()
  for (const name of names) {
    slab.text(name)
    slab.text(labels[name] as string)
  }
  slab.byte(0)
}

function writePorts(ports: Claim['ports'], slab: MessageSlab): void {
  slab.byte(ports === null ? 0 : 2)
  if (ports === null) return
  slab.long(port(ports.first))
  slab.long(port(ports.last))
}

function port(number: number): number {
  if (number < 0 || number > HIGHEST_PORT) throw UNUSUAL
  return number
}

function writeBounds({ earliestMs, latestMs }: Bounds, slab: MessageSlab): void {
  slab.longOrNull(orNull(earliestMs, Number.NEGATIVE_INFINITY))
  slab.longOrNull(orNull(latestMs, Number.POSITIVE_INFINITY))
}

const orNull = (ms: Millis, unknown: number) => (ms === unknown ? null : ms)

function writeChoice<T>(of: readonly T[], chosen: T, slab: MessageSlab): void {
  const index = of.indexOf(chosen)
  if (index < 0) throw UNUSUAL
  slab.byte(2 * index)
}
