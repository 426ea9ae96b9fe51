import { OWNER_TEXTS } from '../../ownership/encoded-claim.ts'
import { EVIDENCE, type FactTable } from '../../ownership/ledger/fact-table.ts'
import type { ByteSink } from './byte-sink.ts'
import { csvField } from './csv.ts'

/** The owner's columns of an answer in their order. */
const COLUMNS = (
  ['application', 'cluster', 'kind', 'resourceId', 'account', 'region', 'zone', 'vpc', 'eni', 'team'] as const
).map(name => OWNER_TEXTS.indexOf(name))

const LONGEST_TAIL = 4096
const COMMA = 0x2c

/**
 * `answerTail` of facts that quick look-ups found (`briefOfFact`), copied from where the index keeps the owners' texts. Most tasks
 * are asked about once: to make objects and strings of each would cost ten times what finding it does.
 */
export class OwnedTails {
  private readonly facts: FactTable
  /** What stands before the owner, by the kind of evidence, and behind it, by source and layer. */
  private readonly heads = EVIDENCE.map(evidence => Buffer.from(`,owned,${evidence}`))
  private readonly ends = new Map<number, Buffer>()

  constructor(facts: FactTable) {
    this.facts = facts
  }

  /** False where nothing was written, as a field would need quotes or is too long. */
  write(sink: ByteSink, marked: number): boolean {
    const { facts } = this
    const owners = facts.ownersNumber(marked)
    if (owners === 0) return false
    const tail = sink.room(LONGEST_TAIL)
    const last = sink.length + LONGEST_TAIL - 1
    let at = copied(this.heads[facts.evidence(marked)] as Buffer, tail, sink.length)
    for (const column of COLUMNS) {
      tail.setUint8(at, COMMA)
      at = facts.owners.copyText(owners, column, tail, at + 1, last)
      if (at < 0) return false
    }
    sink.advance(at)
    sink.all(this.endOf(marked))
    return true
  }

  private endOf(marked: number): Buffer {
    const { facts, ends } = this
    const key = facts.sourceNumber(marked) * 8 + facts.layerRank(marked)
    const known = ends.get(key)
    if (known) return known
    const { layer, source } = facts.fact(marked)
    // No candidates, no service, no error.
    const end = Buffer.from(`,${layer},${csvField(source)},,,\n`)
    ends.set(key, end)
    return end
  }
}

function copied(from: Uint8Array, into: DataView<ArrayBufferLike>, at: number): number {
  for (let i = 0; i < from.length; i++) into.setUint8(at + i, from[i] as number)
  return at + from.length
}
