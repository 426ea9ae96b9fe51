import type { Answer, Question } from '../../src/ownership/answer.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { covers } from '../../src/ownership/prefix.ts'
import type { Millis } from '../../src/ownership/window.ts'

/** An index, as far as it is needed here. */
type Answering = { apply(change: Change): void; ask(question: Question): Answer }

/**
 * The changes that one question needs, of all or of those that a store has looked out: claims on prefixes that cover its
 * address, one more claim of its domain if there is any (it makes the domain known), and all that are no claims.
 */
export function* bearingOn(question: Pick<Question, 'domain' | 'ip'>, changes: Iterable<Change>): Iterable<Change> {
  let isDomainKnown = false
  for (const change of changes) {
    if (change.record === 'claim') {
      if (change.domain !== question.domain) continue
      if (isDomainKnown && !covers(change.prefix, question.ip)) continue
      isDomainKnown = true
    }
    yield change
  }
}

/**
 * The answer that was given at `asOfMs`, or would have been: asked with that moment as `nowMs`, so that what was late then is
 * late in it. `known` are the changes of that moment, `empty` is an index to which nothing was applied.
 */
export function askAsOf(
  question: Omit<Question, 'nowMs'>,
  asOfMs: Millis,
  known: Iterable<Change>,
  empty: Answering,
): Answer {
  for (const change of bearingOn(question, known)) empty.apply(change)
  return empty.ask({ ...question, nowMs: asOfMs })
}
