import type { ParsedLine, RejectedLine, SkippedLine } from '../../src/enricher/flowlogs/parse.ts'
import { readFlowLog } from '../../src/enricher/flowlogs/read.ts'
import { type BatchOptions, BatchReader } from '../../src/enricher/flowlogs/read-batches.ts'
import {
  ABSENT,
  type AddressColumn,
  DIRECTIONS,
  familyAt,
  type RecordBatch,
} from '../../src/enricher/flowlogs/record-batch.ts'
import { formatAddress, type Ip } from '../../src/ownership/address.ts'
import { inPieces } from './byte-streams.ts'

/** What the columns of a batch say of a record. `transit` only tells whether there is one. */
export type ColumnRecord = ReturnType<typeof columnRecord>

const numberOrNone = (column: { readonly [place: number]: number }, place: number): number | undefined =>
  column[place] === ABSENT ? undefined : column[place]

export function columnRecord(batch: RecordBatch, place: number) {
  const text = (column: Int32Array) => {
    const number = numberOrNone(column, place)
    return number === undefined ? undefined : batch.texts.text(number)
  }
  return {
    kind: 'flow' as const,
    line: batch.lines[place],
    tokens: [...batch.tokensOf(place)],
    account: text(batch.accounts),
    interfaceId: text(batch.interfaces),
    vpc: text(batch.vpcs),
    region: text(batch.regions),
    action: text(batch.actions),
    observed: [ipAt(batch.sourceAddress, place), ipAt(batch.destinationAddress, place)],
    packet: [ipAt(batch.packetSource, place), ipAt(batch.packetDestination, place)],
    ports: [numberOrNone(batch.sourcePorts, place), numberOrNone(batch.destinationPorts, place)],
    protocol: numberOrNone(batch.protocols, place),
    packets: numberOrNone(batch.packets, place),
    bytes: numberOrNone(batch.bytes, place),
    startSeconds: numberOrNone(batch.startSeconds, place),
    endSeconds: numberOrNone(batch.endSeconds, place),
    direction: DIRECTIONS[batch.directions[place] ?? 0],
    isTransit: batch.transits[place] === 1,
  }
}

function ipAt(column: AddressColumn, place: number): Ip | undefined {
  const family = familyAt(column, place)
  const word = (i: number) => (column.words[place * 4 + i] ?? 0) >>> 0
  return family && formatAddress({ family, words: [word(0), word(1), word(2), word(3)] })
}

/** The same of a record as an object. */
function shownRecord(line: Extract<ParsedLine, { kind: 'flow' }>): ColumnRecord {
  const { source, destination } = line
  return {
    kind: line.kind,
    line: line.line,
    tokens: [...line.tokens],
    account: line.account,
    interfaceId: line.interfaceId,
    vpc: line.vpc,
    region: line.region,
    action: line.action,
    observed: [source.observed, destination.observed],
    packet: [source.packet, destination.packet],
    ports: [source.port, destination.port],
    protocol: line.protocol,
    packets: line.packets,
    bytes: line.bytes,
    startSeconds: line.startSeconds,
    endSeconds: line.endSeconds,
    direction: line.direction,
    isTransit: line.transit !== undefined,
  }
}

export type Shown = { readonly columns: readonly string[]; readonly line: ColumnRecord | SkippedLine | RejectedLine }

const inOrder = (shown: Shown[]): Shown[] => shown.sort((a, b) => (a.line.line ?? 0) - (b.line.line ?? 0))

/** All that `readBatches` says of an input, or the error's code. */
export const inColumns = (bytes: Uint8Array, options: Partial<BatchOptions> = {}, pieceBytes?: number) =>
  inColumnsOf(new BatchReader(options), bytes, pieceBytes)

/** The same by a reader that may have read other inputs before; it is left after so many batches. */
export async function inColumnsOf(
  reader: BatchReader,
  bytes: Uint8Array,
  pieceBytes?: number,
  mostBatches = Number.POSITIVE_INFINITY,
) {
  const shown: Shown[] = []
  let batches = 0
  try {
    for await (const batch of reader.read(inPieces(bytes, pieceBytes), 'a.log')) {
      if (batches++ >= mostBatches) break
      const { columns } = batch
      for (let place = 0; place < batch.count; place++) shown.push({ columns, line: columnRecord(batch, place) })
      for (const line of batch.others) shown.push({ columns, line })
    }
  } catch (error) {
    return codeOf(error)
  }
  return inOrder(shown)
}

/** All that the reference says of it, in the same form. */
export async function inObjects(bytes: Uint8Array, options: Partial<BatchOptions> = {}, pieceBytes?: number) {
  const shown: Shown[] = []
  try {
    for await (const { columns, lines } of readFlowLog(inPieces(bytes, pieceBytes), { name: 'a.log', ...options })) {
      for (const line of lines) shown.push({ columns, line: line.kind === 'flow' ? shownRecord(line) : line })
    }
  } catch (error) {
    return codeOf(error)
  }
  return inOrder(shown)
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code)
  throw error
}
