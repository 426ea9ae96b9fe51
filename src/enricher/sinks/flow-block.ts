import type { NativeBlock } from '../../store/native-block.ts'
import { NATIVE_TABLES } from '../../store/native-tables.ts'
import { DIRECTIONS } from '../flowlogs/record-batch.ts'
import type { AnsweredBatch } from '../join/answered-batch.ts'
import { Addresses } from './address-block.ts'
import { ChosenTexts } from './chosen-texts.ts'
import { EndBlock } from './end-block.ts'
import type { EndTexts } from './end-texts.ts'

/** By number of `FlowBlock.directions`. */
export const DIRECTION_TEXTS = DIRECTIONS.map(direction => direction ?? '')
const TWO_TO_32 = 2 ** 32

/** Which object's rows these are. */
export type RowsOf = { readonly objectId: string; readonly generation: number }

/**
 * Rows of the table `flows`, by column as the store takes them, just as `toRow` makes them one by one: that is the reference.
 * Records without an answer are no rows. Filled again and again; nothing is allocated for a row but where an address is IPv6,
 * or an end has candidates.
 */
export class FlowBlock {
  rows = 0
  /** By row, in seconds. */
  readonly starts: Uint32Array
  /** By row two words, the lower one first; as are bytes. */
  readonly packets: Uint32Array
  readonly bytes: Uint32Array
  readonly directions: Uint32Array
  readonly actions: ChosenTexts
  readonly sources: EndBlock
  readonly destinations: EndBlock
  private readonly capacity: number
  private readonly ends: EndTexts
  private readonly records: Uint32Array
  private readonly stops: Uint32Array
  private readonly protocols: Int32Array
  private readonly zeros: Uint32Array
  private readonly generations: Int32Array
  private readonly accounts: ChosenTexts
  private readonly interfaces: ChosenTexts
  private readonly vpcs: ChosenTexts
  private readonly interfaceSources: Addresses
  private readonly interfaceDestinations: Addresses

  constructor(capacity: number, ends: EndTexts) {
    this.capacity = capacity
    this.ends = ends
    this.records = new Uint32Array(capacity)
    this.starts = new Uint32Array(capacity)
    this.stops = new Uint32Array(capacity)
    this.protocols = new Int32Array(capacity)
    this.packets = new Uint32Array(capacity * 2)
    this.bytes = new Uint32Array(capacity * 2)
    this.directions = new Uint32Array(capacity)
    this.zeros = new Uint32Array(capacity)
    this.generations = new Int32Array(capacity)
    this.accounts = new ChosenTexts(capacity)
    this.interfaces = new ChosenTexts(capacity)
    this.vpcs = new ChosenTexts(capacity)
    this.actions = new ChosenTexts(capacity)
    this.interfaceSources = new Addresses(capacity)
    this.interfaceDestinations = new Addresses(capacity)
    this.sources = new EndBlock(capacity, ends)
    this.destinations = new EndBlock(capacity, ends)
  }

  begin(): void {
    this.rows = 0
    for (const texts of [this.accounts, this.interfaces, this.vpcs, this.actions]) texts.begin()
    for (const addresses of [this.interfaceSources, this.interfaceDestinations]) addresses.begin()
    for (const end of [this.sources, this.destinations]) end.begin()
    this.ends.forgetIfMany()
  }

  hasRoomFor({ batch }: AnsweredBatch): boolean {
    return this.rows + batch.count <= this.capacity
  }

  /** The records of a batch that were answered. */
  take(answered: AnsweredBatch): void {
    const { batch, isAnswered } = answered
    for (const texts of [this.accounts, this.interfaces, this.vpcs, this.actions]) texts.readFrom(batch.texts)
    this.sources.answer(answered, 'source')
    this.destinations.answer(answered, 'destination')
    let row = this.rows
    for (let place = 0; place < batch.count; place++) {
      if (isAnswered[place] === 0) continue
      this.records[row] = batch.lines[place] as number
      this.starts[row] = Math.max(0, batch.startSeconds[place] as number)
      this.stops[row] = Math.max(0, batch.endSeconds[place] as number)
      this.protocols[row] = Math.max(0, batch.protocols[place] as number)
      putLong(this.packets, row, batch.packets[place] as number)
      putLong(this.bytes, row, batch.bytes[place] as number)
      this.directions[row] = batch.directions[place] as number
      this.accounts.put(row, batch.accounts[place] as number)
      this.interfaces.put(row, batch.interfaces[place] as number)
      this.vpcs.put(row, batch.vpcs[place] as number)
      this.actions.put(row, batch.actions[place] as number)
      this.interfaceSources.put(row, batch.sourceAddress, place)
      this.interfaceDestinations.put(row, batch.destinationAddress, place)
      this.sources.put(row, place, batch.packetSource, batch.sourceAddress, batch.sourcePorts)
      this.destinations.put(row, place, batch.packetDestination, batch.destinationAddress, batch.destinationPorts)
      row++
    }
    this.rows = row
  }

  encode(into: NativeBlock, { objectId, generation }: RowsOf): Uint8Array {
    const { rows } = this
    this.generations.fill(generation, 0, rows)
    into.begin(rows, NATIVE_TABLES.flows.columns.length)
    into.chosen('object_id', [objectId], this.zeros)
    into.numbers('record', 'UInt32', this.records)
    into.numbers('generation', 'Int32', this.generations)
    into.numbers('start_seconds', 'UInt32', this.starts)
    into.numbers('end_seconds', 'UInt32', this.stops)
    into.chosen('account', this.accounts.texts, this.accounts.chosen)
    into.chosen('interface_id', this.interfaces.texts, this.interfaces.chosen)
    into.chosen('vpc', this.vpcs.texts, this.vpcs.chosen)
    into.numbers('protocol', 'Int32', this.protocols)
    into.numbers('packets', 'Int64', this.packets)
    into.numbers('bytes', 'Int64', this.bytes)
    into.chosen('action', this.actions.texts, this.actions.chosen)
    into.chosen('direction', DIRECTION_TEXTS, this.directions)
    this.interfaceSources.encode(into, 'interface_source', rows)
    this.interfaceDestinations.encode(into, 'interface_destination', rows)
    this.sources.encode(into, 'src', rows)
    this.destinations.encode(into, 'dst', rows)
    return into.finished()
  }
}

/** What is absent is 0. */
function putLong(words: Uint32Array, row: number, value: number): void {
  const known = Math.max(0, value)
  words[row * 2] = known
  words[row * 2 + 1] = known / TWO_TO_32
}
