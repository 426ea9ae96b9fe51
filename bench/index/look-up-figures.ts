import type { Generation } from '../../src/ownership/generation/generation.ts'
import { ownersOf, ownersOfByPlace } from '../../src/ownership/generation/look-ups.ts'
import { type Batch, batchesOf, countOf, type Outcome, partOf, verify } from './batches.ts'
import type { Estate } from './estate.ts'
import { makeProbes, PROBE_KINDS, type ProbeKind, type Probes } from './probes.ts'
import { choiceOf } from './random.ts'
import { type Figure, type Plan, timeRounds, type Work } from './rounds.ts'

/** Questions of one kind, as many as there are of each family. */
export type Batches = Readonly<Record<ProbeKind | 'hits' | 'hotHits', readonly Batch[]>>

/**
 * Every kind of probe, and `hits` and `hotHits`: those cold and hot ones that a host's owner is certain of, which leaves out
 * the gaps between two holders, where a subnet decides.
 */
export function batchesOfAllKinds(
  estate: Estate,
  baseMs: number,
  count: number,
  report: (line: string) => void,
): { readonly batches: Batches; readonly cold: Probes } {
  const probes = Object.fromEntries(
    PROBE_KINDS.map(kind => {
      report(`${count} ${kind} probes`)
      return [kind, makeProbes(estate, kind, count)]
    }),
  ) as Record<ProbeKind, Probes>
  const { cold, hot } = probes
  const batches = Object.fromEntries(PROBE_KINDS.map(kind => [kind, batchesOf(probes[kind], baseMs)]))
  const hits = batchesOf(cold, baseMs, probe => cold.owner[probe] !== 0)
  const hotHits = batchesOf(hot, baseMs, probe => hot.owner[probe] !== 0)
  return { batches: { ...batches, hits, hotHits } as Batches, cold }
}

/** Look-ups that an enricher hands over at a time, in one of the ways of asking in batches. */
const SMALL_BATCH = 65_536

export type LookUpFigures = {
  /** Cold host hits, and those of IPv6 alone where there are any. */
  readonly hits: Figure
  readonly ipv6Hits: Figure | null
  /** Cold as the peers are asked: hits, gaps and what is in doubt. */
  readonly cold: Figure
  /** Hot host hits, and hot as they come. */
  readonly hotHits: Figure
  readonly hot: Figure
  readonly fallback: Figure
  readonly window: Figure
  /** Cold again, bucketed by key: all at once, and in batches of 65,536. */
  readonly batched: Figure
  readonly batchedSmall: Figure
  readonly outcomes: Readonly<Record<ProbeKind, Outcome>>
}

export async function timeLookUps(
  generation: Generation,
  ownerOfFact: Uint32Array,
  batches: Batches,
  plan: Plan,
  report: (line: string) => void,
): Promise<LookUpFigures> {
  const time = async (name: string, { run, count }: Work, asked: readonly Batch[]): Promise<Figure> => {
    for (const { found } of asked) found.fill(NOT_ASKED)
    const figure = await timeRounds(plan, { run, count })
    for (const batch of asked) verify(batch, ownerOfFact)
    report(`${name}: ${figure.ns.toFixed(0)} ns a look-up, ${figure.cpuNs.toFixed(0)} of the processor`)
    return figure
  }
  const inOrderAsked = (name: string, asked: readonly Batch[]): Promise<Figure> =>
    time(name, { count: countOf(asked), run: () => lookUp(generation, asked) }, asked)
  const byPlace = (name: string, asked: readonly Batch[], most: number): Promise<Figure> => {
    const parts = asked.flatMap(batch => slices(batch, most))
    const order = new Uint32Array(Math.max(...parts.map(({ lookUps }) => lookUps.count)))
    const run = () => {
      for (const { lookUps, found } of parts) ownersOfByPlace(generation, lookUps, found, order)
    }
    return time(name, { count: countOf(asked), run }, asked)
  }
  const ipv6 = batches.hits.filter(({ lookUps }) => lookUps.family === 6)
  return {
    hits: await inOrderAsked('cold host hits', batches.hits),
    ipv6Hits: ipv6.length > 0 ? await inOrderAsked('cold host hits of IPv6', ipv6) : null,
    cold: await inOrderAsked('cold', batches.cold),
    hotHits: await inOrderAsked('hot host hits', batches.hotHits),
    hot: await inOrderAsked('hot', batches.hot),
    fallback: await inOrderAsked('prefix fallbacks', batches.fallback),
    window: await inOrderAsked('windows', batches.window),
    batched: await byPlace('cold, bucketed', batches.cold, Number.POSITIVE_INFINITY),
    batchedSmall: await byPlace('cold, bucketed 65,536 at a time', batches.cold, SMALL_BATCH),
    outcomes: outcomesOf(batches, ownerOfFact),
  }
}

/** Words of the rows read at random, without looking anything up: what this machine's memory alone takes. */
export async function timeRandomReads(generation: Generation, count: number, plan: Plan): Promise<Figure> {
  const rows = generation.columns.base[0]?.rows ?? new Int32Array(1)
  let sum = 0
  const run = () => {
    for (let i = 0; i < count; i++) sum += rows[choiceOf(i, 0, rows.length)] as number
    if (Number.isNaN(sum)) throw new Error('a column of numbers holds none')
  }
  return timeRounds(plan, { count, run })
}

/** No look-up answers this: what stays was not asked. */
const NOT_ASKED = -9

export function lookUp(generation: Generation, batches: readonly Batch[]): void {
  for (const { lookUps, found } of batches) ownersOf(generation, lookUps, found)
}

function slices(batch: Batch, most: number): readonly Batch[] {
  const { count } = batch.lookUps
  const size = Math.min(most, count)
  return Array.from({ length: Math.ceil(count / size) }, (_, i) =>
    partOf(batch, i * size, Math.min(count, (i + 1) * size)),
  )
}

function outcomesOf(batches: Batches, ownerOfFact: Uint32Array): Record<ProbeKind, Outcome> {
  const outcomes = PROBE_KINDS.map(kind => {
    const all = batches[kind].map(batch => verify(batch, ownerOfFact))
    const sum = (name: keyof Outcome): number => all.reduce((total, outcome) => total + outcome[name], 0)
    return [kind, { owned: sum('owned'), bySubnet: sum('bySubnet'), inFull: sum('inFull') }]
  })
  return Object.fromEntries(outcomes) as Record<ProbeKind, Outcome>
}
