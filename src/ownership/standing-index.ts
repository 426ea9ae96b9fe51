import type { Answer, Question } from './answer.ts'
import { Generation, type GenerationColumns } from './generation/generation.ts'
import { cutAtView, type InterfaceView, interfaceView } from './interface-view.ts'
import { type InterfaceClaimColumns, InterfaceClaims } from './ledger/interface-claims.ts'
import type { Steady } from './question.ts'
import type { SourceView } from './source-view.ts'
import { SteadyStretch } from './steady-stretch.ts'
import type { Window } from './window.ts'

/** What flow records are answered with. It can be posted to a worker: nothing is copied, and nothing may change it meanwhile. */
export type StandingColumns = {
  readonly generation: GenerationColumns
  readonly interfaceClaims: InterfaceClaimColumns
  /** Domains in which an address may belong to a published service. */
  readonly serviceDomains: readonly string[]
}

/** An index that stands still, in this thread or another: answers as `OwnershipIndex` does, and says how long they hold. */
export class StandingIndex {
  readonly generation: Generation
  readonly serviceDomains: ReadonlySet<string>
  private readonly interfaceClaims: InterfaceClaims

  constructor({ generation, interfaceClaims, serviceDomains }: StandingColumns) {
    this.generation = new Generation(generation)
    this.interfaceClaims = new InterfaceClaims(interfaceClaims)
    this.serviceDomains = new Set(serviceDomains)
  }

  ask(question: Question): Answer {
    return this.generation.ask(question)
  }

  /** As `steadyAround` of question.ts. */
  steadyAround(question: Question): Steady | undefined {
    return this.generation.steadyAround(question)
  }

  interfaceDuring(eni: string, window: Window): InterfaceView | undefined {
    return interfaceView(eni, this.interfaceClaims.claimsNaming(eni), window, this.historyOf)
  }

  /** A stretch around the window over which `interfaceDuring` says the same of every window; undefined where there is none. */
  interfaceSteadyAround(eni: string, window: Window): Window | undefined {
    const stretch = new SteadyStretch(window)
    cutAtView(stretch, this.interfaceClaims.claimsNaming(eni), this.historyOf)
    return stretch.isSteady ? stretch : undefined
  }

  /** A number that stands for an interface in `isElsewhere`. */
  interfaceNumber(eni: string): number {
    return this.interfaceClaims.numberOf(eni)
  }

  /** Whether the first owner of a fact is on an interface, and it is another one than that. */
  isElsewhere(fact: number, interfaceNumber: number): boolean {
    const { facts } = this.generation
    const eni = facts.owners.eni(facts.ownersNumber(fact))
    return eni >= 0 && eni !== interfaceNumber
  }

  sources(): readonly SourceView[] {
    return this.generation.sources()
  }

  private readonly historyOf = (source: string) => this.generation.historyOf(source)
}
