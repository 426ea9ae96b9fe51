import type { ChangeLog } from '../changestream/port.ts'
import type { Change, Claim } from '../ownership/claim.ts'
import { type LookMemory, NOTHING_REMEMBERED, placeKey, rememberPoll } from '../ownership/look-memory.ts'
import { diffPartialLook, type PartialLook } from '../ownership/partial-look.ts'
import type { DiffContext, SourceState } from '../ownership/snapshot-diff.ts'
import type { Millis } from '../ownership/window.ts'
import type { Clock } from '../runtime/clock.ts'
import { type Hot, HotAddresses } from './hot-addresses.ts'
import type { LookReport } from './report.ts'

/** How one source is looked at between two polls. */
export type TargetedLook = {
  /**
   * Which kind of request may show this claim, while it is held; undefined where none can. Each kind has witnesses of its own, and
   * its replies are believed by themselves.
   */
  readonly laneOf: (claim: Claim) => string | undefined
  /** As many addresses as one request takes. */
  readonly mostAtOnce: number
  /**
   * What is shown now of the places and holders of claims of one lane; a claim of the past stands for a place that nobody is
   * known to have. Null where no request was sent.
   */
  readonly at: (claims: readonly Claim[], signal: AbortSignal) => Promise<PartialLook | null>
}

export type NarrowingLimits = {
  /** Addresses and blocks of one look at most: EC2 takes 200 into one request, and their instances into another. */
  readonly mostAddresses: number
  /** For how long an address is looked at after it changed hands: those that did will do so again. */
  readonly hotMs: Millis
}

export const DEFAULT_NARROWING: NarrowingLimits = { mostAddresses: 400, hotMs: 30 * 60_000 }

/** Claims that are known not to change hands: a reply that shows none of their addresses is not believed. */
const WITNESSES = 3

/**
 * Looks between two polls at the addresses that changed hands lately, so that their next handoff is seen within seconds: one for
 * each kind of request. One that fails or is not believed changes nothing. After a failure there is none until the next complete
 * poll, after a reply that is not believed none of its kind: a source in trouble is not helped by more requests.
 */
export class Narrowing {
  private memory: LookMemory = NOTHING_REMEMBERED
  private readonly hot = new HotAddresses()
  private witnesses: ReadonlyMap<string, readonly Claim[]> = new Map()
  private isResting = false
  /** Lanes whose last replies were not believed. */
  private readonly doubtful = new Set<string>()
  private readonly parts: {
    readonly look: TargetedLook
    readonly context: DiffContext
    readonly log: Pick<ChangeLog, 'append'>
    readonly clock: Clock
    readonly report: LookReport
    readonly limits: NarrowingLimits
  }

  constructor(parts: Narrowing['parts']) {
    this.parts = parts
  }

  /** Whether there is anything to look at, and a complete poll of this turn at the source to go on from. */
  wanted(): boolean {
    return this.hot.size > 0 && this.memory.polls.length > 0 && !this.isResting
  }

  /** After a complete poll: what it changed is looked at from now on. Not what the first one found. */
  polled(before: SourceState, after: SourceState): void {
    if (after.completeUpToMs === null || after.completeUpToMs === before.completeUpToMs) return
    const { context, clock } = this.parts
    const byMs = clock.now() + context.bounds.clockErrorMs
    this.memory = rememberPoll(this.memory, { fromMs: after.completeUpToMs, byMs })
    if (before.completeUpToMs !== null) this.heat([...after.claims.values()].filter(isOf(after)))
    this.witnesses = this.choosesWitnesses(after)
    this.isResting = false
    this.doubtful.clear()
    this.hot.cool(clock.now())
  }

  /**
   * The state is given up, and another will be adopted: what polls and looks proved absent goes with it. They may have been
   * fenced off, and then what they showed is in no claim, and would be taken for absent.
   */
  forget(): void {
    this.memory = NOTHING_REMEMBERED
  }

  /**
   * One look, in each lane, at what is hottest. Returns the state to go on from once the change stream has the changes; throws
   * what the change stream throws.
   */
  async look(state: SourceState, signal: AbortSignal): Promise<SourceState> {
    const { limits, clock, look } = this.parts
    this.hot.cool(clock.now())
    let now = state
    if (!this.wanted()) return now
    for (const [lane, hot] of this.lanesOf(this.hot.hottest(limits.mostAddresses))) {
      // Each request has witnesses, and so stands by itself.
      const most = look.mostAtOnce - WITNESSES
      for (let from = 0; from < hot.length; from += most) {
        if (this.isResting || this.doubtful.has(lane) || signal.aborted) break
        now = await this.lookIn(lane, hot.slice(from, from + most), now, signal)
      }
    }
    return now
  }

  private async lookIn(lane: string, chosen: readonly Hot[], state: SourceState, signal: AbortSignal) {
    const { clock, look } = this.parts
    const begunAtMs = clock.now()
    const claims = chosen.flatMap(hot => hot.claims.filter(claim => look.laneOf(claim) === lane))
    const shown = await this.ask(claims, this.witnesses.get(lane) ?? [], signal)
    if (shown === null || signal.aborted) return state
    const { cause } = shown
    if ('result' in shown) {
      if (shown.result === 'failed') this.isResting = true
      else this.doubtful.add(lane)
      this.tell({ result: shown.result, asked: chosen.length, changed: 0, cause }, begunAtMs)
      return state
    }
    const asked = chosen.filter(hot => hot.claims.some(shown.wouldShow))
    this.hot.looked(
      asked.map(({ place }) => place),
      clock.now(),
    )
    const { changes, next } = await this.publish(state, shown)
    const changed = changes.filter(change => change.record === 'claim' && isTurn(change, state)).length
    this.tell({ result: changes.length > 0 ? 'narrowed' : 'nothing', asked: asked.length, changed, cause }, begunAtMs)
    return next
  }

  /** What is shown, or why nothing can be made of it; null where nothing was asked. */
  private async ask(
    claims: readonly Claim[],
    witnesses: readonly Claim[],
    signal: AbortSignal,
  ): Promise<
    (PartialLook & { cause: null }) | { readonly result: 'disbelieved' | 'failed'; readonly cause: unknown } | null
  > {
    try {
      const shown = await this.parts.look.at([...witnesses, ...claims], signal)
      if (shown === null) return null
      const isBelieved = showsOneOf(witnesses.length > 0 ? witnesses : claims, shown)
      return isBelieved ? { ...shown, cause: null } : { result: 'disbelieved', cause: null }
    } catch (cause) {
      return { result: 'failed', cause }
    }
  }

  private async publish(
    state: SourceState,
    shown: PartialLook,
  ): Promise<{ readonly changes: readonly Change[]; readonly next: SourceState }> {
    const { context, log } = this.parts
    const { changes, next, memory } = diffPartialLook(state, shown, this.memory, context)
    if (changes.length > 0) await log.append(changes)
    this.memory = memory
    this.heat(changes.filter(change => change.record === 'claim'))
    this.hot.turning([...next.claims.values()].filter(({ id }) => memory.pending.has(id)))
    return { changes, next }
  }

  private heat(claims: readonly Claim[]): void {
    const { clock, limits, look } = this.parts
    this.hot.heat(
      claims.filter(claim => look.laneOf(claim) !== undefined),
      clock.now() + limits.hotMs,
    )
  }

  private tell(d: Omit<Parameters<LookReport['lookDone']>[0], 'source' | 'tookMs'>, begunAtMs: Millis): void {
    const { report, context, clock } = this.parts
    report.lookDone({ source: context.source, ...d, tookMs: clock.now() - begunAtMs })
  }

  private lanesOf(chosen: readonly Hot[]): ReadonlyMap<string, readonly Hot[]> {
    const lanes = new Map<string, Hot[]>()
    for (const hot of chosen) {
      for (const lane of new Set(hot.claims.map(this.parts.look.laneOf))) {
        if (lane === undefined) continue
        const others = lanes.get(lane)
        if (others) others.push(hot)
        else lanes.set(lane, [hot])
      }
    }
    return lanes
  }

  /** For each lane that there is something to look at in. */
  private choosesWitnesses({ claims }: SourceState): ReadonlyMap<string, readonly Claim[]> {
    const { laneOf } = this.parts.look
    const found = new Map<string, Claim[]>()
    for (const lane of this.lanesOf(this.hot.hottest(this.hot.size)).keys()) found.set(lane, [])
    let left = found.size * WITNESSES
    for (const claim of claims.values()) {
      if (left === 0) break
      const witnesses = claim.state === 'open' ? found.get(laneOf(claim) ?? '') : undefined
      if (witnesses === undefined || witnesses.length === WITNESSES || this.hot.has(claim)) continue
      witnesses.push(claim)
      left--
    }
    return found
  }
}

/** An API under load answers with nothing, and without an error (inventories.md §4). */
function showsOneOf(claims: readonly Claim[], { bindings }: PartialLook): boolean {
  const shown = new Set(bindings.filter(({ layer }) => layer !== 'network').map(placeKey))
  return claims.some(claim => shown.has(placeKey(claim)))
}

const isOf =
  ({ epoch, sequence }: SourceState) =>
  ({ revision }: Claim): boolean =>
    revision.epoch === epoch && revision.sequence === sequence

/** Opened, missing or closed, and not only narrowed. */
const isTurn = (claim: Claim, { claims }: SourceState): boolean => claims.get(claim.id)?.state !== claim.state
