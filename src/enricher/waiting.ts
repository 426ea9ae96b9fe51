import { bitsOf } from '../ownership/address.ts'
import type { SourceView } from '../ownership/ownership-index.ts'
import { coversBits, prefixBits } from '../ownership/prefix.ts'
import type { Millis } from '../ownership/window.ts'
import type { AttributedFlow } from '../store/port.ts'

/** For whom the objects of one pass waited. */
export type Waits = {
  /** Objects by the source that they wait for, of every source; one may wait for several. */
  readonly objects: ReadonlyMap<string, number>
  /** Sources for which objects waited, and that have told nothing for longer than they declare, until they tell again. */
  readonly silent: readonly SilentSource[]
}

export type SilentSource = {
  readonly source: string
  /** Up to when it has told all; of one that never finished a poll, from when it is there. */
  readonly sinceMs: Millis
}

export type WaitingReport = {
  /** Objects wait for a source that is silent; once, until it tells again or is removed. */
  sourceHoldsBack(d: SilentSource & { readonly place: string; readonly objects: number }): void
  /** It is silent no more. */
  sourceBack(d: SilentSource & { readonly place: string }): void
}

/**
 * Keeps count of the sources that hold objects back, pass by pass, and raises an alarm where one of them is silent: its poller
 * may be dead, and what it watches waits up to the cap.
 */
export class Waiting {
  readonly #place: string
  readonly #report: WaitingReport
  readonly #silent = new Map<string, SilentSource>()
  #objects = new Map<string, number>()
  #early = 0

  constructor(place: string, report: WaitingReport) {
    this.#place = place
    this.#report = report
  }

  /** An object waits until any source at all has told of its time. */
  early(): void {
    this.#early++
  }

  /** An object waits, and these are some of its rows, open ones among them. */
  open(rows: readonly AttributedFlow[], sources: readonly SourceView[]): void {
    for (const source of awaitedBy(rows, sources)) this.#add(source, 1)
  }

  /** Ends the pass, and says what it was about. */
  passed(sources: readonly SourceView[], nowMs: Millis): Waits {
    const live = sources.filter(isLive)
    const furthestMs = Math.max(...live.map(toldUntilMs))
    if (this.#early > 0) {
      for (const view of live) if (toldUntilMs(view) === furthestMs) this.#add(view.source.source, this.#early)
    }
    const objects = new Map(sources.map(({ source: { source } }) => [source, this.#objects.get(source) ?? 0]))
    this.#objects = new Map()
    this.#early = 0
    for (const view of sources) this.#judge(view, objects.get(view.source.source) ?? 0, nowMs)
    return { objects, silent: [...this.#silent.values()] }
  }

  #add(source: string, objects: number): void {
    this.#objects.set(source, (this.#objects.get(source) ?? 0) + objects)
  }

  #judge(view: SourceView, objects: number, nowMs: Millis): void {
    const { source, bounds, validity } = view.source
    const sinceMs = view.completeUpToMs ?? validity.fromMs
    const isSilent = isLive(view) && nowMs - sinceMs > bounds.longestGapMs
    const known = this.#silent.get(source)
    if (known !== undefined && !isSilent) {
      this.#silent.delete(source)
      this.#report.sourceBack({ ...known, place: this.#place })
    } else if (known === undefined && isSilent && objects > 0) {
      this.#silent.set(source, { source, sinceMs })
      this.#report.sourceHoldsBack({ source, sinceMs, place: this.#place, objects })
    }
  }
}

const isLive = ({ source }: SourceView): boolean => source.validity.untilMs === Number.POSITIVE_INFINITY

const toldUntilMs = ({ completeUpToMs = Number.NEGATIVE_INFINITY }: SourceView): Millis => completeUpToMs

/** The live sources that watch an end of a row and have not told all of its time; where an end has no place, all that have not. */
function awaitedBy(rows: readonly AttributedFlow[], sources: readonly SourceView[]): readonly string[] {
  const behind = sources.filter(isLive).map(view => ({ view, watches: watcherOf(view) }))
  const isAwaited = ({ view, watches }: (typeof behind)[number]) =>
    rows.some(
      row =>
        toldUntilMs(view) < (row.endSeconds + 1) * 1000 &&
        [row.source, row.destination].some(({ domain, ip }) => domain === '' || watches(domain, ip)),
    )
  return behind.filter(isAwaited).map(({ view }) => view.source.source)
}

function watcherOf({ source }: SourceView): (domain: string, ip: string) => boolean {
  const blocks = new Map<string, ReturnType<typeof prefixBits>[]>()
  for (const { domain, prefix } of source.scope) {
    const known = blocks.get(domain)
    if (known) known.push(prefixBits(prefix))
    else blocks.set(domain, [prefixBits(prefix)])
  }
  return (domain, ip) => {
    const bits = bitsOf(ip as Parameters<typeof bitsOf>[0])
    return blocks.get(domain)?.some(block => coversBits(block, bits)) ?? false
  }
}
