import { type Change, isGoodbye, type Progress, type Revision } from '../ownership/claim.ts'
import { isFlowSource } from '../ownership/flow-sightings.ts'
import type { Millis } from '../ownership/window.ts'
import { Wakeup } from './wakeup.ts'

/** Who polls a source, by what the change stream shows: the poller with the highest epoch. */
export type Incumbent = {
  readonly epoch: number
  /** Of its newest record. */
  readonly newest: Revision
  /** When that came. */
  readonly heardAtMs: Millis
  /** Whether it wrote more than its registration. */
  readonly hasSpoken: boolean
  /** Registrations under this epoch. Of two that took the same one neither knows of the other until it reads them both. */
  readonly contenders: number
  /** Pollers in a row, this one included, that took over and have not been heard of since; 0 once it has spoken. */
  readonly silentTakeovers: number
  /** Time from its last poll but one, or its registration, to its last poll; 0 where that is not known. */
  readonly paceMs: Millis
  /** It has said that it stops. */
  readonly isStopped: boolean
}

type Followed = Incumbent & { readonly polledAtMs: Millis }

/** Follows the change stream, in its order, for who polls what. */
export class Incumbents {
  private readonly bySource = new Map<string, Followed>()
  private readonly moved = new Wakeup()

  /** `atMs` is when the change came: by the log's clock, or by ours where it is read as it comes. */
  take(change: Change, atMs: Millis): void {
    if (change.record === 'horizon') return
    const { source, revision } = change
    if (change.record === 'claim') {
      this.takeClaim(source, revision.epoch, revision.sequence, atMs)
      return
    }
    const heard = this.heard(source, revision.epoch, revision.sequence, atMs)
    if (heard === undefined) return
    const isRegistration = change.record === 'source' && revision.sequence === 0
    const next = isRegistration ? registered(heard) : spoken(heard)
    this.put(source, change.record === 'progress' ? polled(next, change) : next)
  }

  /** As `take`, of a claim by this source with this revision. */
  takeClaim(source: string, epoch: number, sequence: number, atMs: Millis): void {
    if (isFlowSource(source)) return
    const held = this.bySource.get(source)
    // One poll brings many, and of all but the first there is nothing new to be told.
    if (held?.epoch === epoch && held.heardAtMs === atMs && sequence <= held.newest.sequence && isSpeaking(held)) return
    const heard = this.heard(source, epoch, sequence, atMs)
    if (heard) this.put(source, spoken(heard))
  }

  of(source: string): Incumbent | undefined {
    return this.bySource.get(source)
  }

  /** Resolves at the next change of any source, or once the signal is aborted. */
  changed(signal: AbortSignal): Promise<void> {
    return this.moved.wait(signal)
  }

  /** Undefined where a successor has fenced it off. */
  private heard(source: string, epoch: number, sequence: number, atMs: Millis): Followed | undefined {
    const held = this.bySource.get(source)
    if (held !== undefined && epoch < held.epoch) return undefined
    const before = held?.epoch === epoch ? held : successor(held, epoch, atMs)
    const newest = sequence > before.newest.sequence ? { epoch, sequence } : before.newest
    return { ...before, heardAtMs: atMs, newest }
  }

  private put(source: string, followed: Followed): void {
    this.bySource.set(source, followed)
    this.moved.wake()
  }
}

const successor = (held: Followed | undefined, epoch: number, atMs: Millis): Followed => ({
  epoch,
  newest: { epoch, sequence: 0 },
  heardAtMs: atMs,
  hasSpoken: false,
  contenders: 0,
  silentTakeovers: (held?.silentTakeovers ?? 0) + 1,
  paceMs: held?.paceMs ?? 0,
  isStopped: false,
  polledAtMs: atMs,
})

const registered = (incumbent: Followed): Followed => ({ ...incumbent, contenders: incumbent.contenders + 1 })

const isSpeaking = ({ hasSpoken, isStopped }: Incumbent): boolean => hasSpoken && !isStopped

const spoken = (incumbent: Followed): Followed => ({
  ...incumbent,
  hasSpoken: true,
  silentTakeovers: 0,
  isStopped: false,
})

function polled(incumbent: Followed, progress: Progress): Followed {
  if (isGoodbye(progress)) return { ...incumbent, isStopped: true }
  const { heardAtMs, polledAtMs } = incumbent
  return { ...incumbent, paceMs: heardAtMs - polledAtMs, polledAtMs: heardAtMs }
}
