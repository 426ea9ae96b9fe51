import type { EndTruth } from '../../src/simulator/ledger.ts'
import { type Flow, onlyApplication } from './flows.ts'

const MINUTE_MS = 60_000

export type EdgeFigures = {
  /** Edges of a minute that were reported, as a roll-up by the minute has them. */
  readonly reported: number
  /** Of these, no packet of that minute went from one application to the other. */
  readonly wrong: number
  /** Edges of a minute that there were for certain. */
  readonly real: number
  /** Of these, reported. */
  readonly found: number
}

/** The application to application edges of each minute, in truth. */
export class TrueEdges {
  readonly #certain = new Set<string>()
  readonly #possible = new Set<string>()

  add(flow: Flow): void {
    const { source, destination } = flow.truth
    const [from, to] = [onlyApplication(source), onlyApplication(destination)]
    if (from !== undefined && to !== undefined) this.#certain.add(keyOf(flow, from, to))
    for (const one of anyOf(source)) for (const other of anyOf(destination)) this.#possible.add(keyOf(flow, one, other))
  }

  /** An edge to or from one of several who had the address in the record's time is taken for real. */
  compare(reported: Edges): EdgeFigures {
    let wrong = 0
    let found = 0
    for (const key of reported.keys()) if (!this.#possible.has(key)) wrong++
    for (const key of this.#certain) if (reported.keys().has(key)) found++
    return { reported: reported.keys().size, wrong, real: this.#certain.size, found }
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

const anyOf = ({ holders }: EndTruth): readonly string[] => holders.flatMap(({ application }) => application ?? [])
