import type { Generation } from '../../ownership/generation/generation.ts'
import type { Millis } from '../../ownership/window.ts'
import type { AddressRegions } from './address-regions.ts'
import { RegionAnswers } from './region-answers.ts'

/** A domain that is asked, in one family: how, and what its regions are. */
export class AskedSpace {
  readonly domain: string
  /** Of `Generation.domain`. */
  readonly number: number
  readonly beforeMs: Millis
  /** Whom the quick look-up calls the owner is the answer: no route leads to another one, and no service is to be told with it. */
  readonly isOwnerSure: boolean
  /** No route leads from where the address is seen to any other domain: whatever this one says is the answer. */
  readonly isAlone: boolean
  private readonly regionsOf: () => AddressRegions
  private answersByRegion: RegionAnswers | undefined

  constructor(
    generation: Generation,
    domain: string,
    { isOwnerSure, isAlone }: Pick<AskedSpace, 'isOwnerSure' | 'isAlone'>,
    regionsOf: () => AddressRegions,
  ) {
    const { number, beforeMs } = generation.domain(domain)
    this.domain = domain
    this.number = number
    this.beforeMs = beforeMs
    this.isOwnerSure = isOwnerSure
    this.isAlone = isAlone
    this.regionsOf = regionsOf
  }

  /** Made when it is first asked for: a domain may have very many blocks, and ends that nobody claims may never come. */
  get answers(): RegionAnswers {
    this.answersByRegion ??= new RegionAnswers(this.regionsOf())
    return this.answersByRegion
  }

  /** Forgets all answers. */
  clear(): void {
    this.answersByRegion?.clear()
  }
}
