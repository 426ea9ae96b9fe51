import type { EndTruth } from '../../src/simulator/ledger.ts'
import { type Flow, onlyApplication } from './flows.ts'
import { OUTCOMES, type Outcome } from './judge.ts'

const MINUTE_MS = 60_000

export type EdgeFigures = {
  /** Edges of a minute that were reported, as a roll-up by the minute has them. */
  readonly reported: number
  /** Of these, no packet of that minute went from one application to the other. */
  readonly wrong: number
  /** Edges of a minute that there were for certain, and the bytes of their flows. */
  readonly real: number
  readonly realBytes: number
  /** Of these, reported. */
  readonly found: number
  readonly foundBytes: number
}

type RealEdge = { bytes: number; best: Outcome }

/** The application to application edges of each minute, in truth. */
export class TrueEdges {
  readonly #certain = new Map<string, RealEdge>()
  readonly #possible = new Set<string>()

  add(flow: Flow): void {
    const { source, destination } = flow.truth
    const key = certainKeyOf(flow)
    if (key !== undefined) {
      const known = this.#certain.get(key)
      if (known) known.bytes += flow.bytes
      else this.#certain.set(key, { bytes: flow.bytes, best: 'wrong' })
    }
    for (const one of anyOf(source)) for (const other of anyOf(destination)) this.#possible.add(keyOf(flow, one, other))
  }

  /** What became of one flow of it, both ends together. */
  answered(flow: Flow, both: Outcome): void {
    const edge = this.#certain.get(certainKeyOf(flow) ?? '')
    if (edge && OUTCOMES.indexOf(both) < OUTCOMES.indexOf(edge.best)) edge.best = both
  }

  /** The edges that there were, by what became of the flow of each that was answered best. */
  byOutcome(): ReadonlyMap<Outcome, number> {
    const counts = new Map<Outcome, number>()
    for (const { best } of this.#certain.values()) counts.set(best, (counts.get(best) ?? 0) + 1)
    return counts
  }

  /** An edge to or from one of several who had the address in the record's time is taken for real. */
  compare(reported: Edges): EdgeFigures {
    const figures = { reported: reported.keys().size, wrong: 0, real: 0, realBytes: 0, found: 0, foundBytes: 0 }
    for (const key of reported.keys()) if (!this.#possible.has(key)) figures.wrong++
    for (const [key, { bytes }] of this.#certain) {
      figures.real++
      figures.realBytes += bytes
      if (!reported.keys().has(key)) continue
      figures.found++
      figures.foundBytes += bytes
    }
    return figures
  }
}

/** The edges that somebody reports. */
export class Edges {
  readonly #keys = new Set<string>()

  add(flow: Flow, from: string, to: string): void {
    this.#keys.add(keyOf(flow, from, to))
  }

  keys(): ReadonlySet<string> {
    return this.#keys
  }
}

const keyOf = ({ packets }: Flow, from: string, to: string): string =>
  `${Math.floor(packets.fromMs / MINUTE_MS)} ${from} ${to}`

function certainKeyOf(flow: Flow): string | undefined {
  const [from, to] = [onlyApplication(flow.truth.source), onlyApplication(flow.truth.destination)]
  return from === undefined || to === undefined ? undefined : keyOf(flow, from, to)
}

const anyOf = ({ holders }: EndTruth): readonly string[] => holders.flatMap(({ application }) => application ?? [])
