import type { Question } from '../../ownership/answer.ts'
import { answerText } from '../answer-text.ts'
import { type Asked, questionOf } from '../asked.ts'
import { apiErrors } from '../errors.ts'
import { excerpt } from '../excerpt.ts'
import { briefOf, briefOfFact } from './brief.ts'
import type { DecidedDomains } from './deciding.ts'
import type { ManyLookUps } from './look-ups.ts'
import { lineError, unreadable } from './transform.ts'

/** What stands in for what a line leaves out, and how much is answered. */
export type BulkDefaults = {
  readonly at?: string | undefined
  readonly domain?: string | undefined
  readonly view: 'full' | 'brief'
}

const PARTS = ['q', 'ip', 'at', 'domain', 'port', 'from', 'to'] as const

/** Answers questions that come as JSON values: `{"ip": …, "at": …}`, `{"q": "…"}`, or the text of `q` alone. */
export class JsonAnswers {
  private readonly lookUps: ManyLookUps
  private readonly decided: DecidedDomains
  private readonly defaults: BulkDefaults

  constructor(lookUps: ManyLookUps, decided: DecidedDomains, defaults: BulkDefaults) {
    this.lookUps = lookUps
    this.decided = decided
    this.defaults = defaults
  }

  /** The answer to one value, as JSON on one line; where it has none, `{"error": {code, detail}}`. */
  answer(text: string): string {
    this.lookUps.asked++
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (error) {
      return JSON.stringify({ error: unreadable(error) })
    }
    try {
      const asked = withDefaults(askedOf(value), this.defaults)
      return this.told(questionOf(asked, this.lookUps.nowMs, ip => this.decided.of(ip)))
    } catch (error) {
      return JSON.stringify({ error: lineError(error) })
    }
  }

  private told(question: Question): string {
    if (this.defaults.view === 'full') return answerText(this.lookUps.ask(question), this.lookUps.asOfMs)
    const fact = this.lookUps.factOf(question)
    const brief =
      fact >= 0
        ? briefOfFact(this.lookUps.generation.facts.fact(fact), question.domain)
        : briefOf(this.lookUps.ask(question))
    return JSON.stringify({ ip: question.ip, fromMs: question.fromMs, untilMs: question.untilMs, ...brief })
  }
}

/** Defaults count only where a question that is given in parts leaves the part out. */
export function withDefaults(asked: Asked, { at, domain }: Pick<BulkDefaults, 'at' | 'domain'>): Asked {
  if (asked.q !== undefined) return asked
  const hasTime = asked.at !== undefined || asked.from !== undefined || asked.to !== undefined
  return { ...asked, at: hasTime ? asked.at : at, domain: asked.domain ?? domain }
}

/** @throws WHOHAD_BULK_LINE_REFUSED */
function askedOf(value: unknown): Asked {
  if (typeof value === 'string') return { q: value }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw apiErrors.bulkLineRefused({ reason: 'it is neither an object nor a text' })
  }
  const asked: { -readonly [Part in keyof Asked]: Asked[Part] } = {}
  for (const [name, part] of Object.entries(value)) {
    const known = PARTS.find(one => one === name)
    if (known === undefined) throw apiErrors.bulkLineRefused({ reason: `there is no part "${excerpt(name)}"` })
    if (part === null) continue
    if (typeof part !== 'string' && typeof part !== 'number') {
      throw apiErrors.bulkLineRefused({ reason: `"${name}" is neither a text nor a number` })
    }
    asked[known] = String(part)
  }
  return asked
}
