import { reasonOf } from '../../runtime/errors.ts'
import type { Position } from '../port.ts'
import type { JsonObject, LastRecord, ReadState } from './image.ts'
import { Damage } from './layout.ts'

export const HEADER_NAME = 'header'

/** The first section of every checkpoint file, as JSON. Exactly these fields: one that is not known may change the meaning. */
export type CheckpointHeader = ReadState & {
  /** The index's own header. */
  readonly index: JsonObject
}

/** @throws TypeError where JSON would alter a value (an infinity, an undefined), or the positions are none. */
export function encodeHeader(header: CheckpointHeader): Buffer {
  if (!isPosition(header.positions)) throw new TypeError(`${JSON.stringify(header.positions)} are no positions`)
  if (!areLast(header.last, header.positions)) throw new TypeError('there is no last record for each partition')
  return Buffer.from(JSON.stringify(header, refuseLossy))
}

/** @throws Damage */
export function parseHeader(bytes: Uint8Array): CheckpointHeader {
  const header = parseJson(bytes)
  if (!isObject(header)) throw new Damage('its header is no JSON object')
  const { positions, last, epochs, index, ...unknown } = header
  const [unknownField] = Object.keys(unknown)
  if (unknownField !== undefined) throw new Damage(`its header has the unknown field ${JSON.stringify(unknownField)}`)
  if (!isPosition(positions)) throw new Damage('its header has no positions of the change stream')
  if (!areLast(last, positions)) throw new Damage('its header has no last record of each partition')
  if (!areEpochs(epochs)) throw new Damage('its header has no epochs of the sources')
  if (!isObject(index)) throw new Damage("its header has no header of the index's own")
  return { positions, last, epochs, index }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new Damage(`its header is no JSON: ${reasonOf(error)}`)
  }
}

function refuseLossy(key: string, value: unknown): unknown {
  const lossy = typeof value === 'number' ? !Number.isFinite(value) : value === undefined || typeof value === 'function'
  if (lossy) throw new TypeError(`the header of a checkpoint cannot hold ${String(value)} as "${key}"`)
  return value
}

/** What JSON.parse made is an object or it is not. */
const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** One offset for each partition, and at least one partition. */
const isPosition = (value: unknown): value is Position =>
  Array.isArray(value) && value.length > 0 && value.every(isCount)

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** One for each partition, each before its position. */
function areLast(value: unknown, positions: Position): value is readonly (LastRecord | null)[] {
  if (!Array.isArray(value) || value.length !== positions.length) return false
  return value.every((last: unknown, partition) => {
    if (last === null) return true
    if (!isObject(last)) return false
    const { offset, loggedAtMs } = last
    return isCount(offset) && offset < (positions[partition] as number) && typeof loggedAtMs === 'number'
  })
}

const areEpochs = (value: unknown): value is ReadState['epochs'] =>
  Array.isArray(value) &&
  value.every((entry: unknown) => Array.isArray(entry) && typeof entry[0] === 'string' && isCount(entry[1]))
