import type { Ip } from '../ownership/address.ts'
import type { Answer, Question } from '../ownership/answer.ts'
import { createOwnershipIndex, type OwnershipIndex, type SourceView } from '../ownership/ownership-index.ts'
import type { Millis } from '../ownership/window.ts'
import { type Reader, readableSources } from './access.ts'
import { decideDomain } from './domain.ts'

/** Answers from the index; throws what is declared where it may not answer yet (`WHOHAD_STILL_REPLAYING`). */
export type Ask = (question: Question) => Answer | Promise<Answer>

/** What was known at an earlier moment of the log (`ownership/as-of.ts`) about some addresses of one domain, and of these alone. */
export type KnownThen = Pick<OwnershipIndex, 'ask' | 'before'>

/** Throws as `Ask` does. */
export type KnowAsOf = (domain: string, ips: readonly Ip[], asOfMs: Millis) => Promise<KnownThen>

export type AnsweringDeps = {
  readonly ask: Ask
  readonly knowAsOf: KnowAsOf
  readonly index: Pick<OwnershipIndex, 'sources'>
  /** Throws `WHOHAD_STILL_REPLAYING` where `ask` would: for what reads the index by itself. */
  readonly refuseWhileReplaying: () => void
}

/** What one caller can ask. A domain that it may not read is answered as one that does not exist. */
export type Answering = {
  ask(question: Question): Answer | Promise<Answer>
  /** To be asked with `asOfMs` as `nowMs`. */
  knowAsOf: KnowAsOf
  sources(): readonly SourceView[]
  /** @throws WHOHAD_DOMAIN_NEEDED */
  decide(ip: Ip): string
}

export function answeringFor(reader: Reader, { ask, knowAsOf, index }: AnsweringDeps): Answering {
  return {
    ask: question => (reader.readable(question.domain) ? ask(question) : unheardOf(question)),
    knowAsOf: async (domain, ips, asOfMs) =>
      reader.readable(domain) ? knowAsOf(domain, ips, asOfMs) : createOwnershipIndex(),
    sources: () => readableSources(index.sources(), reader),
    decide: ip => decideDomain(ip, readableSources(index.sources(), reader)),
  }
}

/** It is only asked. */
const empty = createOwnershipIndex()

/** What an index says that has never heard of the domain. */
export const unheardOf = (question: Question): Answer => empty.ask(question)
