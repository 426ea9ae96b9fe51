import type { AnswerState } from '../../ownership/answer.ts'
import type { Generation } from '../../ownership/generation/generation.ts'
import type { HandoffReason } from '../../ownership/generation/plain-handoffs.ts'
import { EVIDENCE } from '../../ownership/ledger/fact-table.ts'
import type { FlowEnd } from '../../store/port.ts'
import { NO_OWNER, NOBODY } from '../flow-end.ts'

/** An end apart from its address and port: one object for all ends of which the same is known. Compare by identity. */
export type EndTemplate = Omit<FlowEnd, 'ip' | 'port'>

export type Verdict = { readonly state: AnswerState; readonly reason: string }

/** In marks: the verdict's number, whether the answer is final, and from MARK_DOMAIN on the number of the domain. */
export const MARK_VERDICT = 0x7f
export const MARK_FINAL = 0x80
export const MARK_DOMAIN = 8

/** Instead of the number of an end: the answer depends on the port, and is kept under it. */
export const BY_PORT = 0

/** Templates of owned ends that are kept ready. */
const MOST_READY = 65_536

/**
 * What ends are answered with, by number. An answer is the marked fact of an owner, whose claim and domain stand beside it;
 * or, as −1 − number, an end that was worked out once.
 */
export class AnsweredEnds {
  private readonly generation: Generation
  private readonly numbers = new Map<string, number>()
  private templates: EndTemplate[] = [BLANK]
  private verdictOfEnd: number[] = [0]
  private readonly verdicts: Verdict[] = EVIDENCE.map(reason => ({ state: 'owned', reason }))
  private readonly verdictNumbers = new Map(EVIDENCE.map((reason, number) => [`owned ${reason}`, number]))
  private readonly ready = new Map<number, { readonly fact: number; readonly template: EndTemplate }>()
  private readonly domainNames = new Map<number, string>()

  constructor(generation: Generation) {
    this.generation = generation
  }

  /** Ends that were worked out. */
  get size(): number {
    return this.templates.length
  }

  /** Forgets all of them: answers that were given before mean nothing any more. Verdicts keep their numbers. */
  clear(): void {
    this.numbers.clear()
    this.ready.clear()
    this.templates = [BLANK]
    this.verdictOfEnd = [0]
  }

  intern({ ip: _, port: __, ...end }: FlowEnd): number {
    return this.internTemplate(end)
  }

  /** An end whose address changes hands among those who have these resources; undefined is nobody. */
  internHandoff(domain: string, reason: HandoffReason, resources: readonly (string | undefined)[]): number {
    const candidates = resources.map(resource => resource ?? NOBODY)
    // Field by field, as `answeredEnd`: a spread takes longer than all the rest.
    return this.internTemplate({
      application: '',
      resourceId: '',
      cluster: '',
      account: '',
      region: '',
      zone: '',
      layer: '',
      claimId: '',
      candidates,
      service: '',
      domain,
      state: 'ambiguous',
      reason,
    })
  }

  private internTemplate(end: EndTemplate): number {
    const { domain, state, reason, resourceId, claimId, candidates } = end
    // An owned end's claim tells the rest, but for the name of a service.
    const name = JSON.stringify([domain, state, reason, resourceId, claimId, end.service, ...candidates])
    const known = this.numbers.get(name)
    if (known !== undefined) return known
    const number = this.templates.push(end) - 1
    this.numbers.set(name, number)
    this.verdictOfEnd.push(this.verdictNumber(end))
    return number
  }

  verdictOf(end: number): number {
    return this.verdictOfEnd[end] as number
  }

  /** The verdict of an owner's fact. */
  verdictOfFact(fact: number): number {
    return this.generation.facts.evidence(fact)
  }

  /** By number; new ones come behind those there are. */
  get knownVerdicts(): readonly Verdict[] {
    return this.verdicts
  }

  template(answer: number, claim: number, marks: number): EndTemplate {
    if (answer < 0) return this.templates[-1 - answer] as EndTemplate
    const ready = this.ready.get(claim)
    if (ready?.fact === answer) return ready.template
    if (this.ready.size >= MOST_READY) this.ready.clear()
    const template = this.ownedBy(answer, claim, marks >>> MARK_DOMAIN)
    this.ready.set(claim, { fact: answer, template })
    return template
  }

  /** As `answeredEnd` of an answer without a service. */
  private ownedBy(marked: number, claim: number, domain: number): EndTemplate {
    const { owners, layer, evidence } = this.generation.facts.fact(marked)
    const owner = owners[0]
    return {
      domain: this.domainName(domain),
      state: 'owned',
      reason: evidence,
      application: owner?.application ?? '',
      resourceId: owner?.resourceId ?? '',
      cluster: owner?.cluster ?? '',
      account: owner?.account ?? '',
      region: owner?.region ?? '',
      zone: owner?.zone ?? '',
      layer,
      claimId: claim < 0 ? '' : this.generation.claimId(claim),
      candidates: [],
      service: '',
    }
  }

  private domainName(number: number): string {
    const known = this.domainNames.get(number)
    if (known !== undefined) return known
    const name = this.generation.domainName(number)
    this.domainNames.set(number, name)
    return name
  }

  private verdictNumber({ state, reason }: Verdict): number {
    const name = `${state} ${reason}`
    const known = this.verdictNumbers.get(name)
    if (known !== undefined) return known
    const number = this.verdicts.push({ state, reason }) - 1
    this.verdictNumbers.set(name, number)
    return number
  }
}

/** Of an end that no domain could be told for, as its place is filled before any is worked out. */
const BLANK: EndTemplate = { domain: '', state: 'unknown', reason: 'no-such-domain', ...NO_OWNER }
