import type { NativeBlock } from '../../store/native-block.ts'
import type { Side } from '../attribute.ts'
import type { AddressColumn } from '../flowlogs/record-batch.ts'
import type { AnsweredBatch } from '../join/answered-batch.ts'
import { Addresses } from './address-block.ts'
import { DistinctEnds } from './distinct-ends.ts'
import { END_TEXTS, type EndText, type EndTexts } from './end-texts.ts'

/** How columns of the store's tables call them, behind the side. */
export const END_COLUMNS: Readonly<Record<EndText, string>> = {
  domain: 'domain',
  state: 'state',
  reason: 'reason',
  application: 'app',
  resourceId: 'resource',
  cluster: 'cluster',
  account: 'account',
  region: 'region',
  zone: 'zone',
  layer: 'layer',
  claimId: 'claim',
  service: 'service',
}

/** One end of the rows of a block. */
export class EndBlock {
  /** Of the rows: numbers of ends. */
  readonly ends: Int32Array
  private readonly texts: EndTexts
  private readonly addresses: Addresses
  private readonly ports: Int32Array
  /** Of the places of the batch that is taken. */
  private answers: Int32Array = new Int32Array(0)
  private readonly distinct: DistinctEnds

  constructor(capacity: number, texts: EndTexts) {
    this.texts = texts
    this.addresses = new Addresses(capacity)
    this.ports = new Int32Array(capacity)
    this.ends = new Int32Array(capacity)
    this.distinct = new DistinctEnds(capacity)
  }

  begin(): void {
    this.addresses.begin()
  }

  /** The records of this batch are put next. */
  answer(answered: AnsweredBatch, side: Side): void {
    this.answers = this.texts.number(answered, side, this.answers)
  }

  put(row: number, place: number, packet: AddressColumn, observed: AddressColumn, ports: Int32Array): void {
    this.addresses.put(row, packet.families[place] === 0 ? observed : packet, place)
    this.ports[row] = Math.max(0, ports[place] as number)
    this.ends[row] = this.answers[place] as number
  }

  encode(into: NativeBlock, side: 'src' | 'dst', rows: number): void {
    const { texts, distinct } = this
    distinct.readFrom(this.ends, rows, texts.size)
    const put = (field: EndText) =>
      distinct.encode(into, `${side}_${END_COLUMNS[field]}`, texts.textFields, END_TEXTS.indexOf(field))
    this.addresses.encode(into, `${side}_ip`, rows)
    into.numbers(`${side}_port`, 'Int32', this.ports)
    for (const field of END_TEXTS) if (field !== 'service') put(field)
    distinct.encodeLists(into, `${side}_candidates`, texts.candidates)
    put('service')
  }
}
