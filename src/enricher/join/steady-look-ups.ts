import type { Ip } from '../../ownership/address.ts'
import type { Answer, Question } from '../../ownership/answer.ts'
import type { DomainRule } from '../../ownership/domains.ts'
import type { InterfaceView } from '../../ownership/interface-view.ts'
import { NO_REACH, type ReachTable } from '../../ownership/reach.ts'
import type { StandingIndex } from '../../ownership/standing-index.ts'
import { SteadyStretch } from '../../ownership/steady-stretch.ts'
import type { Millis, Window } from '../../ownership/window.ts'
import type { LookUps } from '../attribute.ts'
import { domainsOfRecord, managedSpace } from '../domain-of-record.ts'
import type { FlowRecord } from '../flowlogs/parse.ts'
import { toldUntilMs } from '../look-ups.ts'

/** What is known of a recording interface during some window, which need not be looked at again within it. */
export type KnownInterface = {
  readonly view: InterfaceView | undefined
  readonly domains: readonly string[]
  /** Of `StandingIndex.isElsewhere`. */
  readonly number: number
}

/** What is configured of domains. */
export type DomainSpace = { readonly rules: readonly DomainRule[]; readonly reach?: ReachTable | undefined }

/**
 * The look-ups of `attribute` on an index that stands still. Between `begin` and the end of an attribution they note how far
 * around its window every one of them would say the same: over that stretch the same record would be answered alike.
 */
export class SteadyLookUps implements LookUps {
  readonly isManaged: LookUps['isManaged']
  readonly reach: ReachTable
  readonly toldUntilMs: Millis
  /** Stands in for the region that a record does not name. */
  regionOfObject: string | undefined
  /** What is noted since `begin`. */
  stretch = new SteadyStretch({ fromMs: 0, untilMs: 1 })
  /** Some claim was about some ports only. */
  hasPorts = false
  /** Other domains were asked than that in which the address is seen. */
  wentBeyond = false
  private isNoting = false
  private known: KnownInterface | undefined
  private readonly index: StandingIndex
  private readonly rules: readonly DomainRule[]

  constructor(index: StandingIndex, { rules, reach = NO_REACH }: DomainSpace) {
    this.index = index
    this.rules = rules
    this.isManaged = managedSpace(index.sources())
    this.toldUntilMs = toldUntilMs(index)
    this.reach = {
      beyond: (from, ip, window, isManaged) => this.beyond(reach, from, ip, window, isManaged),
      from: domain => reach.from(domain),
    }
  }

  /** With `known` the stretch is that of all but the recording interface, which is taken to be as it is known. */
  begin(window: Window, known?: KnownInterface): void {
    this.known = known
    this.stretch = new SteadyStretch(window)
    this.hasPorts = false
    this.wentBeyond = false
    this.isNoting = true
  }

  /** From now on nothing is noted. */
  rest(): void {
    this.isNoting = false
    this.known = undefined
  }

  /** Bound, as callers take it by itself. */
  readonly ask = (question: Question): Answer => {
    const answer = this.index.ask(question)
    if (this.isNoting && this.stretch.isSteady) {
      // An answer in parts is not steady: there is no need to look how far it would be.
      const steady = answer.split === null ? this.index.steadyAround(question) : undefined
      this.hasPorts ||= steady?.hasPorts ?? false
      this.narrow(steady)
    }
    return answer
  }

  interfaceDuring(eni: string, window: Window): InterfaceView | undefined {
    if (this.known) return this.known.view
    const view = this.index.interfaceDuring(eni, window, this.isNoting ? this.stretch : undefined)
    if (this.isNoting && view === undefined) this.stretch.cut(this.toldUntilMs)
    return view
  }

  domainsOf(record: FlowRecord, view: InterfaceView | undefined, window: Window): readonly string[] {
    if (this.known) return this.known.domains
    if (this.isNoting && view === undefined) {
      for (const { fromMs, untilMs } of this.rules) {
        if (fromMs !== undefined) this.stretch.cut(fromMs)
        if (untilMs !== undefined) this.stretch.cut(untilMs)
      }
    }
    return domainsOfRecord(record, view, window, this.rules, this.regionOfObject)
  }

  private beyond(reach: ReachTable, from: string, ip: Ip, window: Window, isManaged: LookUps['isManaged']) {
    const found = reach.beyond(from, ip, window, isManaged)
    if (this.isNoting) {
      for (const { fromMs, untilMs } of reach.from(from)) {
        this.stretch.cut(fromMs)
        this.stretch.cut(untilMs)
      }
      this.wentBeyond ||= found.length > 0
    }
    return found
  }

  private narrow(steady: Window | undefined): void {
    if (steady === undefined) this.stretch.isSteady = false
    else {
      this.stretch.cut(steady.fromMs)
      this.stretch.cut(steady.untilMs)
    }
  }
}
