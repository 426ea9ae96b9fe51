import type { ChangeLog } from '../changestream/port.ts'
import type { Ip } from '../ownership/address.ts'
import type { Change, Claim } from '../ownership/claim.ts'
import { type LookMemory, NOTHING_REMEMBERED, placeKey, rememberPoll } from '../ownership/look-memory.ts'
import { diffPartialLook } from '../ownership/partial-look.ts'
import type { Snapshot } from '../ownership/snapshot.ts'
import type { DiffContext, SourceState } from '../ownership/snapshot-diff.ts'
import type { Millis } from '../ownership/window.ts'
import type { Clock } from '../runtime/clock.ts'
import { HotAddresses, shownIpOf } from './hot-addresses.ts'
import type { LookReport } from './report.ts'

/**
 * What the interfaces with these private IPv4 addresses hold now, with all their bindings: whoever of ours has one of the
 * addresses in its list is among them. Null where no request was sent.
 */
export type TargetedLook = (addresses: readonly Ip[], signal: AbortSignal) => Promise<ShownByLook | null>

export type ShownByLook = Pick<Snapshot, 'sighting' | 'bindings'>

export type NarrowingLimits = {
  /** Addresses of one look at most: 200 go into one request, and their instances into another. */
  readonly mostAddresses: number
  /** For how long an address is looked at after it changed hands: those that did will do so again. */
  readonly hotMs: Millis
}

export const DEFAULT_NARROWING: NarrowingLimits = { mostAddresses: 400, hotMs: 30 * 60_000 }

/** Addresses that are known not to change hands: a reply that shows none of them is not believed. */
const WITNESSES = 3

/**
 * Looks between two polls at the addresses that changed hands lately, so that their next handoff is seen within seconds.
 * A look that fails or is not believed changes nothing, and there is none until the next complete poll: a source in trouble
 * is not helped by more requests.
 */
export class Narrowing {
  private memory: LookMemory = NOTHING_REMEMBERED
  private readonly hot = new HotAddresses()
  private witnesses: readonly Ip[] = []
  private isResting = false
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
   * One look at what is hottest. Returns the state to go on from once the change stream has the changes; throws what the
   * change stream throws.
   */
  async look(state: SourceState, signal: AbortSignal): Promise<SourceState> {
    const { limits, clock } = this.parts
    this.hot.cool(clock.now())
    if (!this.wanted()) return state
    const chosen = this.hot.hottest(limits.mostAddresses - WITNESSES)
    const asked = chosen.map(({ place }) => place)
    const begunAtMs = clock.now()
    const shown = await this.ask([...new Set(chosen.map(({ ip }) => ip))], signal)
    if (shown === null || signal.aborted) return state
    this.hot.looked(asked, clock.now())
    const { cause } = shown
    if ('result' in shown) {
      this.isResting = true
      this.tell({ result: shown.result, asked: asked.length, changed: 0, cause }, begunAtMs)
      return state
    }
    const { changes, next } = await this.publish(state, shown, asked)
    const changed = changes.filter(change => change.record === 'claim' && isTurn(change, state)).length
    this.tell({ result: changes.length > 0 ? 'narrowed' : 'nothing', asked: asked.length, changed, cause }, begunAtMs)
    return next
  }

  /** What is shown, or why nothing can be made of it; null where nothing was asked. */
  private async ask(
    ips: readonly Ip[],
    signal: AbortSignal,
  ): Promise<
    (ShownByLook & { cause: null }) | { readonly result: 'disbelieved' | 'failed'; readonly cause: unknown } | null
  > {
    try {
      const shown = await this.parts.look([...ips, ...this.witnesses.filter(ip => !ips.includes(ip))], signal)
      if (shown === null) return null
      return this.isBelievable(shown) ? { ...shown, cause: null } : { result: 'disbelieved', cause: null }
    } catch (cause) {
      return { result: 'failed', cause }
    }
  }

  private async publish(
    state: SourceState,
    shown: ShownByLook,
    asked: readonly Pick<Claim, 'domain' | 'prefix'>[],
  ): Promise<{ readonly changes: readonly Change[]; readonly next: SourceState }> {
    const { context, log } = this.parts
    const keys = new Set(asked.map(placeKey))
    const wouldShow = (claim: Claim) => keys.has(placeKey(claim)) && shownIpOf(claim) !== undefined
    const { changes, next, memory } = diffPartialLook(state, { ...shown, asked, wouldShow }, this.memory, context)
    if (changes.length > 0) await log.append(changes)
    this.memory = memory
    this.heat(changes.filter(change => change.record === 'claim'))
    this.hot.turning([...next.claims.values()].filter(({ id }) => memory.pending.has(id)))
    return { changes, next }
  }

  private heat(claims: readonly Claim[]): void {
    const { clock, limits } = this.parts
    this.hot.heat(claims, clock.now() + limits.hotMs)
  }

  private tell(d: Omit<Parameters<LookReport['lookDone']>[0], 'source' | 'tookMs'>, begunAtMs: Millis): void {
    const { report, context, clock } = this.parts
    report.lookDone({ source: context.source, ...d, tookMs: clock.now() - begunAtMs })
  }

  private choosesWitnesses({ claims }: SourceState): readonly Ip[] {
    const found: Ip[] = []
    for (const claim of claims.values()) {
      if (found.length === WITNESSES) break
      const ip = claim.state === 'open' && !this.hot.has(claim) ? shownIpOf(claim) : undefined
      if (ip) found.push(ip)
    }
    return found
  }

  /** An API under load answers with nothing, and without an error (inventories.md §4). */
  private isBelievable({ bindings }: ShownByLook): boolean {
    if (this.witnesses.length === 0) return bindings.length > 0
    const shown = new Set(bindings.map(({ prefix }) => prefix.slice(0, prefix.indexOf('/'))))
    return this.witnesses.some(ip => shown.has(ip))
  }
}

const isOf =
  ({ epoch, sequence }: SourceState) =>
  ({ revision }: Claim): boolean =>
    revision.epoch === epoch && revision.sequence === sequence

/** Opened, missing or closed, and not only narrowed. */
const isTurn = (claim: Claim, { claims }: SourceState): boolean => claims.get(claim.id)?.state !== claim.state
