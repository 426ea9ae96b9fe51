import type { ChosenColumn } from '../../changestream/parquet/chosen-column.ts'
import type { AddressColumn, RecordBatch } from '../flowlogs/record-batch.ts'
import { AddressTexts } from './address-texts.ts'
import { DistinctNumbers } from './distinct-numbers.ts'
import { LineTokens } from './line-tokens.ts'
import { NumberColumn } from './number-column.ts'
import { NumberedTexts } from './numbered-texts.ts'
import { PlainTexts } from './plain-texts.ts'
import { TokenColumn, type TokenReader } from './token-column.ts'

type Of<T> = (batch: RecordBatch) => T

/** Fields that a batch has as numbers, as numbers of texts, and as addresses; a record's token says the same. */
const NUMBERS: ReadonlyMap<string, Of<Float64Array | Int32Array | Int16Array>> = new Map<
  string,
  Of<Float64Array | Int32Array | Int16Array>
>([
  ['srcport', batch => batch.sourcePorts],
  ['dstport', batch => batch.destinationPorts],
  ['protocol', batch => batch.protocols],
  ['packets', batch => batch.packets],
  ['bytes', batch => batch.bytes],
  ['start', batch => batch.startSeconds],
  ['end', batch => batch.endSeconds],
])
const TEXTS: ReadonlyMap<string, Of<Int32Array>> = new Map([
  ['account-id', batch => batch.accounts],
  ['interface-id', batch => batch.interfaces],
  ['vpc-id', batch => batch.vpcs],
  ['region', batch => batch.regions],
  ['action', batch => batch.actions],
])
const ADDRESSES: ReadonlyMap<string, Of<AddressColumn>> = new Map([
  ['srcaddr', batch => batch.sourceAddress],
  ['dstaddr', batch => batch.destinationAddress],
  ['pkt-srcaddr', batch => batch.packetSource],
  ['pkt-dstaddr', batch => batch.packetDestination],
])

type Column = {
  begin?(): void
  ofRows(rows: number): ChosenColumn
}

/**
 * All fields of the records of a row group, by column. What a batch has in columns comes from there; of other fields, and of
 * addresses that may be written in many ways, the text is looked at: by its bytes in a line of the input, else by `RecordBatch.tokensOf`.
 */
export class RecordColumns {
  private readonly columns: readonly Column[]
  private readonly puts: readonly ((row: number, batch: RecordBatch, from: number, until: number) => void)[]
  private readonly tokens: LineTokens

  constructor(names: readonly string[], readerOf: (name: string) => TokenReader, rows: number) {
    const distinct = new DistinctNumbers(rows)
    const plain = new PlainTexts()
    const puts: (typeof this.puts)[number][] = []
    const made = names.map((name, i) => {
      // Of two columns of one name a batch has the first.
      const field = names.indexOf(name) === i ? name : ''
      const [numbers, texts, addresses] = [NUMBERS.get(field), TEXTS.get(field), ADDRESSES.get(field)]
      if (numbers) {
        const column = new NumberColumn(rows, distinct)
        puts.push((row, batch, from, until) => column.put(row, numbers(batch), from, until))
        return { name, column }
      }
      if (texts) {
        const column = new NumberedTexts(rows)
        puts.push((row, batch, from, until) => column.put(row, batch.texts, texts(batch), from, until))
        return { name, column }
      }
      if (addresses) {
        const address = new AddressTexts(rows, distinct, plain)
        puts.push((row, batch, from, until) => address.put(row, addresses(batch), from, until))
        return { name, column: address, address }
      }
      const token = new TokenColumn(rows, readerOf(name))
      return { name, column: token, token }
    })
    this.columns = made.map(({ column }) => column)
    this.puts = puts
    this.tokens = new LineTokens(made)
  }

  begin(): void {
    for (const column of this.columns) column.begin?.()
  }

  /** The records at some places of a batch for the rows from `row` on. */
  put(row: number, batch: RecordBatch, from: number, until: number): void {
    for (const put of this.puts) put(row, batch, from, until)
    this.tokens.put(row, batch, from, until)
  }

  /** Those of the first rows. Ask once. */
  *ofRows(rows: number): Generator<ChosenColumn> {
    for (const column of this.columns) yield column.ofRows(rows)
  }
}
