import { type Change, isGoodbye, type Revision } from '../ownership/claim.ts'
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
    const held = this.bySource.get(change.source)
    const { epoch, sequence } = change.revision
    if (held !== undefined && epoch < held.epoch) return
    const isRegistration = change.record === 'source' && sequence === 0
    const before = held?.epoch === epoch ? held : successor(held, epoch, atMs)
    const heard = {
      ...before,
      heardAtMs: atMs,
      newest: sequence > before.newest.sequence ? change.revision : before.newest,
    }
    this.bySource.set(change.source, isRegistration ? registered(heard) : spoken(heard, change))
    this.moved.wake()
  }

  of(source: string): Incumbent | undefined {
    return this.bySource.get(source)
  }

  /** Resolves at the next change of any source, or once the signal is aborted. */
  changed(signal: AbortSignal): Promise<void> {
    return this.moved.wait(signal)
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

function spoken(incumbent: Followed, change: Change): Followed {
  const heard = { ...incumbent, hasSpoken: true, silentTakeovers: 0, isStopped: false }
  if (change.record !== 'progress') return heard
  if (isGoodbye(change)) return { ...heard, isStopped: true }
  const { heardAtMs, polledAtMs } = incumbent
  return { ...heard, paceMs: heardAtMs - polledAtMs, polledAtMs: heardAtMs }
}
