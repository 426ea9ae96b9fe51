import type { ChangeLog } from '../changestream/port.ts'
import { type Ip, toIp } from '../ownership/address.ts'
import type { Claim } from '../ownership/claim.ts'
import { PUBLIC_IPV4 } from '../ownership/domains.ts'
import { type LookMemory, NOTHING_REMEMBERED, placeKey, rememberPoll } from '../ownership/look-memory.ts'
import { diffPartialLook } from '../ownership/partial-look.ts'
import type { Snapshot } from '../ownership/snapshot.ts'
import type { DiffContext, SourceState } from '../ownership/snapshot-diff.ts'
import type { Millis } from '../ownership/window.ts'
import type { Clock } from '../runtime/clock.ts'

/**
 * What the interfaces with these private IPv4 addresses hold now, with all their bindings: whoever of ours has one of the
 * addresses in its list is among them. Null where no request was sent.
 */
export type TargetedLook = (
  addresses: readonly Ip[],
  signal: AbortSignal,
) => Promise<Pick<Snapshot, 'sighting' | 'bindings'> | null>

export type NarrowingLimits = {
  /** Addresses of one look at most: 200 go into one request, and their instances into another. */
  readonly mostAddresses: number
  /** For how long an address is looked at after it changed hands: those that did will do so again. */
  readonly hotMs: Millis
}

export const DEFAULT_NARROWING: NarrowingLimits = { mostAddresses: 400, hotMs: 30 * 60_000 }

type Hot = {
  readonly place: Pick<Claim, 'domain' | 'prefix'>
  readonly ip: Ip
  untilMs: Millis
  lookedMs: Millis
  isTurning: boolean
}

/** Addresses that are known not to change hands: a reply that shows none of them is not believed. */
const WITNESSES = 3

/**
 * Looks between two polls at the addresses that changed hands lately, so that their next handoff is seen within seconds.
 * First come those that are changing hands now: missing, or not yet narrowed as far as the last look allows.
 */
export class Narrowing {
  private memory: LookMemory = NOTHING_REMEMBERED
  private readonly hot = new Map<string, Hot>()
  private witnesses: readonly Ip[] = []
  private readonly parts: {
    readonly look: TargetedLook
    readonly context: DiffContext
    readonly log: Pick<ChangeLog, 'append'>
    readonly clock: Clock
    readonly limits: NarrowingLimits
  }

  constructor(parts: Narrowing['parts']) {
    this.parts = parts
  }

  /** Whether there is anything to look at. */
  wanted(): boolean {
    return this.hot.size > 0
  }

  /** After a complete poll: what it changed is looked at from now on. Not what the first one found. */
  polled(before: SourceState, after: SourceState): void {
    if (after.completeUpToMs === null || after.completeUpToMs === before.completeUpToMs) return
    const { context, clock } = this.parts
    const byMs = clock.now() + context.bounds.clockErrorMs
    this.memory = rememberPoll(this.memory, { fromMs: after.completeUpToMs, byMs })
    if (before.completeUpToMs !== null) this.heat([...after.claims.values()].filter(isOf(after)))
    this.witnesses = this.choosesWitnesses(after)
    this.cool()
  }

  /**
   * One look at what is hottest. Returns the state to go on from once the change stream has the changes; throws what the
   * change stream throws. A look that fails is as if it never was.
   */
  async look(state: SourceState, signal: AbortSignal): Promise<SourceState> {
    const { context, limits, log, clock, look } = this.parts
    this.cool()
    const chosen = this.hottest(limits.mostAddresses - WITNESSES)
    if (chosen.length === 0) return state
    const ips = new Set(chosen.map(({ ip }) => ip))
    const shown = await look([...ips, ...this.witnesses.filter(ip => !ips.has(ip))], signal).catch(() => null)
    const nowMs = clock.now()
    for (const one of chosen) one.lookedMs = nowMs
    if (shown === null || !this.isBelievable(shown)) return state
    const asked = chosen.map(({ place }) => place)
    const keys = new Set(asked.map(placeKey))
    const wouldShow = (claim: Claim) => keys.has(placeKey(claim)) && isShownByAddress(claim)
    const diff = diffPartialLook(state, { ...shown, asked, wouldShow }, this.memory, context)
    if (diff.changes.length > 0) await log.append(diff.changes)
    this.memory = diff.memory
    this.heat(diff.changes.filter(change => change.record === 'claim'))
    for (const { id } of diff.next.claims.values()) {
      if (!this.memory.pending.has(id)) continue
      const hot = this.hot.get(placeKey(diff.next.claims.get(id) as Claim))
      if (hot) hot.isTurning = true
    }
    return diff.next
  }

  private hottest(most: number): readonly Hot[] {
    const byNeed = (a: Hot, b: Hot) => Number(b.isTurning) - Number(a.isTurning) || a.lookedMs - b.lookedMs
    return [...this.hot.values()].sort(byNeed).slice(0, most)
  }

  private heat(claims: readonly Claim[]): void {
    const { clock, limits } = this.parts
    const untilMs = clock.now() + limits.hotMs
    for (const claim of claims) {
      const ip = isShownByAddress(claim) ? ipOf(claim) : undefined
      if (ip === undefined) continue
      const hot = this.hot.get(placeKey(claim))
      const isTurning = claim.state === 'missing'
      if (hot) Object.assign(hot, { untilMs, isTurning })
      else {
        const place = { domain: claim.domain, prefix: claim.prefix }
        this.hot.set(placeKey(claim), { place, ip, untilMs, lookedMs: Number.NEGATIVE_INFINITY, isTurning })
      }
    }
  }

  private cool(): void {
    const nowMs = this.parts.clock.now()
    for (const [key, { untilMs }] of this.hot) if (untilMs <= nowMs) this.hot.delete(key)
  }

  private choosesWitnesses({ claims }: SourceState): readonly Ip[] {
    const found: Ip[] = []
    for (const claim of claims.values()) {
      if (found.length === WITNESSES) break
      const ip = claim.state === 'open' && isShownByAddress(claim) && !this.hot.has(placeKey(claim)) && ipOf(claim)
      if (ip) found.push(ip)
    }
    return found
  }

  /** An API under load answers with nothing, and without an error (inventories.md §4). */
  private isBelievable({ bindings }: Pick<Snapshot, 'bindings'>): boolean {
    if (this.witnesses.length === 0) return bindings.length > 0
    const shown = new Set(bindings.map(({ prefix }) => prefix.slice(0, prefix.indexOf('/'))))
    return this.witnesses.some(ip => shown.has(ip))
  }
}

const isOf =
  ({ epoch, sequence }: SourceState) =>
  ({ revision }: Claim): boolean =>
    revision.epoch === epoch && revision.sequence === sequence

/** An address in an interface's own list. Elastic IPs, blocks and IPv6 are not asked for by address. */
const isShownByAddress = ({ domain, prefix, layer }: Claim): boolean =>
  (layer === 'interface' || layer === 'instance') && domain !== PUBLIC_IPV4 && prefix.endsWith('/32')

const ipOf = ({ prefix }: Pick<Claim, 'prefix'>): Ip | undefined => toIp(prefix.slice(0, -'/32'.length))
