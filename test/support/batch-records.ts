import type { FlowRecord, ParsedLine } from '../../src/enricher/flowlogs/parse.ts'
import {
  ABSENT,
  type AddressColumn,
  DIRECTIONS,
  familyAt,
  type RecordBatch,
} from '../../src/enricher/flowlogs/record-batch.ts'
import { formatAddress, type Ip } from '../../src/ownership/address.ts'

const known = (number: number | undefined) => (number === undefined || number === ABSENT ? undefined : number)

function addressAt(column: AddressColumn, place: number): Ip | undefined {
  const family = familyAt(column, place)
  if (family === undefined) return undefined
  const word = (i: number) => (column.words[place * 4 + i] ?? 0) >>> 0
  return formatAddress({ family, words: [word(0), word(1), word(2), word(3)] })
}

function endAt(batch: RecordBatch, place: number, side: 'source' | 'destination'): FlowRecord['source'] {
  const isSource = side === 'source'
  const observed = addressAt(isSource ? batch.sourceAddress : batch.destinationAddress, place)
  const packet = addressAt(isSource ? batch.packetSource : batch.packetDestination, place)
  const ip = packet ?? observed
  if (ip === undefined) throw new TypeError(`no ${side} at ${place}`)
  return { ip, observed, packet, port: known((isSource ? batch.sourcePorts : batch.destinationPorts)[place]) }
}

/** What the columns of a batch say of one record: not what is only in its tokens (`transit`, `resourceId`). */
export function fromColumns(batch: RecordBatch, place: number): Omit<FlowRecord, 'transit' | 'resourceId'> {
  const text = (number: number | undefined) => {
    const at = known(number)
    return at === undefined ? undefined : batch.texts.text(at)
  }
  return {
    kind: 'flow',
    line: batch.lines[place] ?? -1,
    tokens: [...batch.tokensOf(place)],
    account: text(batch.accounts[place]),
    interfaceId: text(batch.interfaces[place]),
    vpc: text(batch.vpcs[place]),
    region: text(batch.regions[place]),
    source: endAt(batch, place, 'source'),
    destination: endAt(batch, place, 'destination'),
    protocol: known(batch.protocols[place]),
    packets: known(batch.packets[place]),
    bytes: known(batch.bytes[place]),
    startSeconds: known(batch.startSeconds[place]),
    endSeconds: known(batch.endSeconds[place]),
    action: text(batch.actions[place]),
    direction: DIRECTIONS[batch.directions[place] ?? 0],
  }
}

/** A parsed line without what a batch has only in its tokens. */
export function asInColumns(line: ParsedLine) {
  if (line.kind !== 'flow') return line
  const { transit: _, resourceId: __, ...rest } = line
  return rest
}
