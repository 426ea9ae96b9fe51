import { apiErrors } from '../errors.ts'
import { excerpt } from '../excerpt.ts'
import type { LinesHere } from '../threads/long-text.ts'
import { CsvAnswers } from './csv-answers.ts'
import type { DecidedDomains } from './deciding.ts'
import { type BulkDefaults, JsonAnswers } from './json-answers.ts'
import { JsonArray } from './json-array.ts'
import type { ManyLookUps } from './look-ups.ts'
import { ndjsonTransform } from './ndjson.ts'
import type { BulkTransform } from './transform.ts'

export const NDJSON = 'application/x-ndjson'
export const JSON_TYPE = 'application/json'
export const CSV = 'text/csv'

/** How questions come and answers go. */
export type BulkForm = {
  /** Content type of the answers. */
  readonly type: string
  transformOf(lookUps: ManyLookUps): BulkTransform
  /** Left out where a question is not a line. */
  readonly linesOf?: (lookUps: ManyLookUps) => LinesHere
}

/** @throws WHOHAD_BULK_INPUT_MALFORMED where it is none of ours */
export function bulkFormOf(contentType: string | undefined, decided: DecidedDomains, defaults: BulkDefaults): BulkForm {
  const [name = ''] = (contentType ?? '').split(';')
  const ndjson = (lookUps: ManyLookUps) => ndjsonTransform(new JsonAnswers(lookUps, decided, defaults))
  const csv = (lookUps: ManyLookUps) => new CsvAnswers(lookUps, decided, defaults)
  switch (name.trim().toLowerCase()) {
    case NDJSON:
    case 'application/ndjson':
    case 'application/jsonl':
      return {
        type: NDJSON,
        transformOf: ndjson,
        linesOf: lookUps => ({ here: ndjson(lookUps), form: () => ({ kind: 'ndjson', defaults }) }),
      }
    case JSON_TYPE:
      return {
        type: `${JSON_TYPE}; charset=utf-8`,
        transformOf: lookUps => new JsonArray(new JsonAnswers(lookUps, decided, defaults)),
      }
    case CSV:
      return { type: `${CSV}; charset=utf-8`, transformOf: csv, linesOf: lookUps => csvLines(csv(lookUps), defaults) }
    default:
      throw apiErrors.bulkInputMalformed({ reason: `its content type is "${excerpt(name)}"` })
  }
}

const csvLines = (here: CsvAnswers, defaults: BulkDefaults): LinesHere => ({
  here,
  form: () => here.layout && { kind: 'csv', defaults, layout: here.layout },
})
