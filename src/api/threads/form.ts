import { Annotator, type AnnotatorOptions } from '../annotate/annotator.ts'
import { CsvAnswers } from '../bulk/csv-answers.ts'
import type { CsvLayout } from '../bulk/csv-layout.ts'
import type { DecidedDomains } from '../bulk/deciding.ts'
import { type BulkDefaults, JsonAnswers } from '../bulk/json-answers.ts'
import type { ManyLookUps } from '../bulk/look-ups.ts'
import { ndjsonTransform } from '../bulk/ndjson.ts'
import type { LineAnswers } from '../bulk/transform.ts'

/** How lines are answered, in data alone. */
export type Form =
  | { readonly kind: 'csv'; readonly defaults: BulkDefaults; readonly layout: CsvLayout }
  | { readonly kind: 'ndjson'; readonly defaults: BulkDefaults }
  | { readonly kind: 'text'; readonly options: AnnotatorOptions }

/** What answers in this form, from wherever in the text it begins. */
export function answersIn(form: Form, lookUps: ManyLookUps, decided: DecidedDomains): LineAnswers {
  switch (form.kind) {
    case 'csv':
      return new CsvAnswers(lookUps, decided, form.defaults, form.layout)
    case 'ndjson':
      return ndjsonTransform(new JsonAnswers(lookUps, decided, form.defaults))
    case 'text':
      return new Annotator(lookUps, decided, form.options)
  }
}
