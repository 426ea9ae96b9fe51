import type { Answer, Question } from './answer.ts'
import { Generation, type GenerationColumns } from './generation/generation.ts'
import { cutAtView, type InterfaceView, interfaceView } from './interface-view.ts'
import { type InterfaceClaimColumns, InterfaceClaims } from './ledger/interface-claims.ts'
import type { Steady } from './question.ts'
import type { SourceView } from './source-view.ts'
import type { SteadyStretch } from './steady-stretch.ts'
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

  /** As `OwnershipIndex.interfaceDuring`. Tells the stretch of all instants from which on it may say something else. */
  interfaceDuring(eni: string, window: Window, stretch?: SteadyStretch): InterfaceView | undefined {
    const claims = this.interfaceClaims.claimsTelling(eni, window, stretch)
    if (stretch) cutAtView(stretch, claims, this.historyOf)
    return interfaceView(eni, claims, window, this.historyOf)
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
