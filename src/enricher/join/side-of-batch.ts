import type { Ip } from '../../ownership/address.ts'
import { PROTOCOLS_WITH_PORTS, type Side } from '../attribute.ts'
import { ABSENT, type AddressColumn, ipAt, type RecordBatch } from '../flowlogs/record-batch.ts'
import type { EndColumn, JoinedBatch } from './joined-batch.ts'

/** The columns of one end of the records of a batch, and those that its answers go into. */
export class SideOfBatch {
  readonly side: Side
  readonly batch: RecordBatch
  readonly joined: JoinedBatch
  readonly packet: AddressColumn
  readonly observed: AddressColumn
  readonly ports: Int32Array
  readonly answered: EndColumn

  constructor(side: Side, batch: RecordBatch, joined: JoinedBatch) {
    this.side = side
    this.batch = batch
    this.joined = joined
    const isSource = side === 'source'
    this.packet = isSource ? batch.packetSource : batch.packetDestination
    this.observed = isSource ? batch.sourceAddress : batch.destinationAddress
    this.ports = isSource ? batch.sourcePorts : batch.destinationPorts
    this.answered = isSource ? joined.sources : joined.destinations
  }

  /** Where the address of the end stands: the packet's where the record has it. */
  column(place: number): AddressColumn {
    return this.packet.families[place] === 0 ? this.observed : this.packet
  }

  ip(place: number): Ip {
    return ipAt(this.column(place), place)
  }

  /** As the record has it. */
  port(place: number): number | undefined {
    const port = this.ports[place] as number
    return port === ABSENT ? undefined : port
  }

  /** Whether the port fields of the record are ports. */
  hasPorts(place: number): boolean {
    return PROTOCOLS_WITH_PORTS.has(this.batch.protocols[place])
  }

  interfaceId(place: number): string | undefined {
    const number = this.batch.interfaces[place] as number
    return number === ABSENT ? undefined : this.batch.texts.text(number)
  }

  /** Where the address stands that the interface saw, as far as the record tells. */
  observedColumn(place: number): AddressColumn {
    return this.observed.families[place] === 0 ? this.packet : this.observed
  }
}
