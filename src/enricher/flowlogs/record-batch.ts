import { type Family, formatAddress, type Ip } from '../../ownership/address.ts'
import type { RejectedLine, SkippedLine } from './parse.ts'

/** What stands in a column of numbers where a record lacks the field. */
export const ABSENT = -1

/** Values of `RecordBatch.directions`. */
export const DIRECTIONS = [undefined, 'ingress', 'egress'] as const

/** Of records in `RecordBatch.usual`. */
export const USUAL_TOKENS: ReadonlyMap<string, string> = new Map([
  ['version', '2'],
  ['log-status', 'OK'],
])

/** One address of each record: its family (0: none), and its words as signed 32-bit numbers, one for IPv4, else four. */
export type AddressColumn = {
  readonly families: Uint8Array
  /** Four places a record; those that the family lacks may hold anything. */
  readonly words: Int32Array
}

/**
 * Short texts that repeat from record to record, by number. Numbers mean something within one `TextNumbers` only: a batch
 * has that of its object, or another one than the batch before where an object has more texts than are kept at a time.
 */
export type TextNumbers = {
  text(number: number): string
  /** Numbers given out so far are smaller. */
  readonly size: number
}

/**
 * Flow records in columns: what readers fill and the join reads. A reader fills the same batch again and again, so that
 * nothing is allocated for a record; whoever wants to keep something copies it. It means the same as the `FlowRecord` that
 * `lineParser` makes of the same line: that is the reference, and a property test holds the two together.
 */
export class RecordBatch {
  readonly capacity: number
  /** Records in the columns, from place 0 on. */
  count = 0
  /** Number of the line (of the row, for Parquet) within the object. */
  readonly lines: Uint32Array
  readonly startSeconds: Float64Array
  readonly endSeconds: Float64Array
  readonly sourceAddress: AddressColumn
  readonly destinationAddress: AddressColumn
  readonly packetSource: AddressColumn
  readonly packetDestination: AddressColumn
  readonly sourcePorts: Int32Array
  readonly destinationPorts: Int32Array
  readonly protocols: Int16Array
  readonly packets: Float64Array
  readonly bytes: Float64Array
  /** 0, or the place in DIRECTIONS. */
  readonly directions: Uint8Array
  /** Numbers of `texts`. */
  readonly accounts: Int32Array
  readonly interfaces: Int32Array
  readonly vpcs: Int32Array
  readonly regions: Int32Array
  readonly actions: Int32Array
  /**
   * 1 for a record of a transit gateway, whose ends have domains of their own (`FlowRecord.transit`); else 0. Whoever
   * attributes it takes `recordAt`.
   */
  readonly transits: Uint8Array
  /**
   * 1 for a record of a line as `DefaultLineScanner` takes it: it has the fields of AWS's default format, USUAL_TOKENS stand in those that no
   * column here has, and both addresses are as IPv4 is written. 0 says nothing.
   */
  readonly usual: Uint8Array
  texts: TextNumbers = NO_TEXTS
  /** Lines between the records that are none, in their order. */
  others: (SkippedLine | RejectedLine)[] = []
  /** Names of all fields of the object in its order, known ones or not; empty before they are known. */
  columns: readonly string[] = []
  /** All fields of a record in the order of `columns`, as text; `-` where it has none. Good until the batch is filled again. */
  tokensOf: (place: number) => readonly string[] = () => []
  /** Where the line of a record begins in `window`, which goes on behind its newline for PADDING_BYTES; undefined where the input has no lines. */
  lineAt: ((place: number) => number) | undefined = undefined
  window: DataView | undefined = undefined

  constructor(capacity: number) {
    this.capacity = capacity
    this.lines = new Uint32Array(capacity)
    this.startSeconds = new Float64Array(capacity)
    this.endSeconds = new Float64Array(capacity)
    this.sourceAddress = addressColumn(capacity)
    this.destinationAddress = addressColumn(capacity)
    this.packetSource = addressColumn(capacity)
    this.packetDestination = addressColumn(capacity)
    this.sourcePorts = new Int32Array(capacity)
    this.destinationPorts = new Int32Array(capacity)
    this.protocols = new Int16Array(capacity)
    this.packets = new Float64Array(capacity)
    this.bytes = new Float64Array(capacity)
    this.directions = new Uint8Array(capacity)
    this.accounts = new Int32Array(capacity)
    this.interfaces = new Int32Array(capacity)
    this.vpcs = new Int32Array(capacity)
    this.regions = new Int32Array(capacity)
    this.actions = new Int32Array(capacity)
    this.transits = new Uint8Array(capacity)
    this.usual = new Uint8Array(capacity)
  }

  clear(): void {
    this.count = 0
    this.others = []
  }
}

const addressColumn = (capacity: number): AddressColumn => ({
  families: new Uint8Array(capacity),
  words: new Int32Array(capacity * 4),
})

const NO_TEXTS: TextNumbers = { text: () => '', size: 0 }

/** What `AddressColumn.families` says of an address. */
export const familyAt = ({ families }: AddressColumn, place: number): Family | undefined => {
  const family = families[place]
  return family === 4 || family === 6 ? family : undefined
}

/** The text of a record's address, which it must have. */
export function ipAt({ families, words }: AddressColumn, place: number): Ip {
  const at = place * 4
  const word = (i: number) => (words[at + i] as number) >>> 0
  if (families[place] === 4) return formatAddress({ family: 4, words: [word(0), 0, 0, 0] })
  return formatAddress({ family: 6, words: [word(0), word(1), word(2), word(3)] })
}
