import type { SourceView } from '../../ownership/source-view.ts'
import { domainsOf, type Reader } from '../access.ts'
import type { ManyLookUps } from '../bulk/look-ups.ts'
import type { Cutter, LineAnswers } from '../bulk/transform.ts'
import type { Form } from './form.ts'
import type { LongText } from './long-answers.ts'

/** Who answers lines in this thread, and how another thread does the same: undefined while the text has not told it. */
export type LinesHere = { readonly here: LineAnswers; readonly form: () => Form | undefined }

/** A text of one caller, for `longAnswers`. `sources` are as that one may see them. */
export const longTextOf = (
  { here, form }: LinesHere,
  given: {
    readonly reader: Reader
    readonly lookUps: ManyLookUps
    readonly sources: readonly SourceView[]
    readonly cutter: Cutter
  },
): LongText => ({
  cutter: given.cutter,
  here,
  job() {
    const { reader, lookUps, sources } = given
    const domains = domainsOf(reader)
    const known = form()
    if (domains === undefined || known === undefined) return undefined
    return { generation: lookUps.generation, nowMs: lookUps.nowMs, domains, sources, form: known }
  },
  asked(count) {
    given.lookUps.asked += count
  },
})
