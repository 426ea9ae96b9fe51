import { formatOf } from './fields.ts'
import { type FlowRecord, tokenParser } from './parse.ts'
import type { RecordBatch } from './record-batch.ts'

type Parse = ReturnType<typeof tokenParser>

const parsers = new WeakMap<readonly string[], Parse>()

/** The record at a place of a batch as an object, for what the columns do not carry. */
export function recordAt(batch: RecordBatch, place: number): FlowRecord {
  const parse = parsers.get(batch.columns) ?? tokenParser(formatOf(batch.columns))
  parsers.set(batch.columns, parse)
  const line = batch.lines[place] ?? 0
  const record = parse(batch.tokensOf(place), line, '')
  if (record.kind !== 'flow') throw new TypeError(`no record at line ${line}: its columns and its text differ`)
  return record
}
