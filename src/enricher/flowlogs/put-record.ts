import { type AddressBits, bitsOf, type Ip } from '../../ownership/address.ts'
import type { FlowRecord } from './parse.ts'
import { ABSENT, type AddressColumn, DIRECTIONS, type RecordBatch } from './record-batch.ts'
import type { TextTable } from './text-table.ts'

/** Appends a record to the columns. The batch must have room for it. */
export function putRecord(batch: RecordBatch, record: FlowRecord, texts: TextTable): void {
  const at = batch.count++
  const numberOf = (text: string | undefined) => (text === undefined ? ABSENT : texts.numberOf(text))
  batch.lines[at] = record.line
  batch.usual[at] = 0
  batch.startSeconds[at] = record.startSeconds ?? ABSENT
  batch.endSeconds[at] = record.endSeconds ?? ABSENT
  putAddress(batch.sourceAddress, at, record.source.observed)
  putAddress(batch.destinationAddress, at, record.destination.observed)
  putAddress(batch.packetSource, at, record.source.packet)
  putAddress(batch.packetDestination, at, record.destination.packet)
  batch.sourcePorts[at] = record.source.port ?? ABSENT
  batch.destinationPorts[at] = record.destination.port ?? ABSENT
  batch.protocols[at] = record.protocol ?? ABSENT
  batch.packets[at] = record.packets ?? ABSENT
  batch.bytes[at] = record.bytes ?? ABSENT
  batch.directions[at] = DIRECTIONS.indexOf(record.direction)
  batch.accounts[at] = numberOf(record.account)
  batch.interfaces[at] = numberOf(record.interfaceId)
  batch.vpcs[at] = numberOf(record.vpc)
  batch.regions[at] = numberOf(record.region)
  batch.actions[at] = numberOf(record.action)
  batch.transits[at] = record.transit === undefined ? 0 : 1
}

function putAddress({ families, words }: AddressColumn, at: number, ip: Ip | undefined): void {
  const bits: AddressBits | undefined = ip === undefined ? undefined : bitsOf(ip)
  families[at] = bits?.family ?? 0
  if (bits) words.set(bits.words, at * 4)
}
