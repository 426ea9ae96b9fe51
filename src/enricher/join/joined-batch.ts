import type { FlowEnd } from '../../store/port.ts'
import { type AddressColumn, ipAt, type RecordBatch } from '../flowlogs/record-batch.ts'
import type { AnsweredBatch } from './answered-batch.ts'
import type { AnsweredEnds, EndTemplate } from './answered-ends.ts'

/** The answers of one end of each record. */
export class EndColumn {
  /** As in AnsweredEnds. */
  readonly answers: Int32Array
  readonly claims: Int32Array
  readonly marks: Int32Array

  constructor(capacity: number) {
    this.answers = new Int32Array(capacity)
    this.claims = new Int32Array(capacity)
    this.marks = new Int32Array(capacity)
  }
}

/** A batch as the join answered it: a few numbers a record, and objects only where somebody asks for them. */
export class JoinedBatch implements AnsweredBatch {
  batch: RecordBatch
  readonly capacity: number
  /** 0 where the record carries no time and was given none: it has no answer. */
  readonly isAnswered: Uint8Array
  /** 1 where no later poll can change either answer, or what is known of the interface. */
  readonly isFinal: Uint8Array
  readonly sources: EndColumn
  readonly destinations: EndColumn
  readonly ends: AnsweredEnds

  constructor(batch: RecordBatch, ends: AnsweredEnds) {
    this.batch = batch
    this.ends = ends
    this.capacity = batch.capacity
    this.isAnswered = new Uint8Array(batch.capacity)
    this.isFinal = new Uint8Array(batch.capacity)
    this.sources = new EndColumn(batch.capacity)
    this.destinations = new EndColumn(batch.capacity)
  }

  /** The record at a place is being answered; what is known of its interface is final or not. */
  begin(place: number, isFinal: boolean): void {
    this.isAnswered[place] = 1
    this.isFinal[place] = isFinal ? 1 : 0
  }

  source(place: number): FlowEnd {
    const { packetSource, sourceAddress, sourcePorts } = this.batch
    const ip = ipOf(packetSource, sourceAddress, place)
    return { ip, port: portOf(sourcePorts, place), ...this.sourceTemplate(place) }
  }

  destination(place: number): FlowEnd {
    const { packetDestination, destinationAddress, destinationPorts } = this.batch
    const ip = ipOf(packetDestination, destinationAddress, place)
    return { ip, port: portOf(destinationPorts, place), ...this.destinationTemplate(place) }
  }

  /** Apart from address and port; the same object for the same answer, as long as the join remembers it. */
  sourceTemplate(place: number): EndTemplate {
    return templateOf(this.sources, this.ends, place)
  }

  destinationTemplate(place: number): EndTemplate {
    return templateOf(this.destinations, this.ends, place)
  }
}

const templateOf = ({ answers, claims, marks }: EndColumn, ends: AnsweredEnds, place: number): EndTemplate =>
  ends.template(answers[place] as number, claims[place] as number, marks[place] as number)

const portOf = (ports: Int32Array, place: number): number => Math.max(0, ports[place] as number)

const ipOf = (packet: AddressColumn, observed: AddressColumn, place: number): string =>
  ipAt(packet.families[place] === 0 ? observed : packet, place)
