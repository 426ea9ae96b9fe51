import { parseArgs } from 'node:util'
import { sumOfHostOwners, verify } from './batches.ts'
import { type Built, buildIndex } from './build.ts'
import { Crew } from './crew.ts'
import { BASE_MS, Estate, STRADDLING_BASE_MS } from './estate.ts'
import { type LedgerFigures, measureLedger } from './ledger.ts'
import {
  type Batches,
  batchesOfAllKinds,
  type LookUpFigures,
  lookUp,
  timeLookUps,
  timeRandomReads,
} from './look-up-figures.ts'
import { checksumOf } from './probes.ts'
import { type Restored, writeAndRestore } from './restore.ts'
import { type Figure, type Plan, timeInTurn, timeRounds } from './rounds.ts'
import { type Sizes, sizesOf } from './sizes.ts'
import { type Asked, askSome } from './whole-questions.ts'

export type WhohadOptions = {
  readonly versions: number
  readonly halfIpv6: boolean
  readonly probes: number
  readonly rounds: number
  readonly seed: number
  /** Whole claims to measure the ledger with, and versions of the estate that lies across two segments; 0 leaves it out. */
  readonly claims: number
  readonly straddling: number
  /** When rounds are dropped. */
  readonly untilMs: number
}

export type WorkerFigures = {
  readonly one: Figure
  readonly two: Figure
  readonly startMs: number
  readonly openMs: number
}

export type WhohadResult = {
  readonly versions: number
  readonly addresses: number
  readonly ipv6Addresses: number
  readonly probes: number
  readonly buildSeconds: number
  readonly sizes: Sizes
  readonly lookUps: LookUpFigures
  readonly randomRead: Figure
  readonly asked: Asked
  readonly workers: WorkerFigures
  readonly checkpoint: Omit<Restored, 'generation'>
  readonly straddling: { readonly versions: number; readonly sizes: Sizes; readonly cold: Figure } | null
  readonly ledger: LedgerFigures | null
  readonly residentBytes: number
}

type Report = (line: string) => void

/** The index on its own, in a process of its own. Throws where an answer is wrong. */
export async function run(options: WhohadOptions, report: Report): Promise<WhohadResult> {
  const { versions, halfIpv6, seed } = options
  const plan: Plan = { rounds: options.rounds, isLate: () => Date.now() > options.untilMs }
  const estate = new Estate({ versions, halfIpv6, seed })
  const built = buildIndex(estate, BASE_MS, report)
  report(`${versions} versions in ${built.buildSeconds.toFixed(1)} s`)
  const { batches, cold } = batchesOfAllKinds(estate, BASE_MS, options.probes, report)
  const checksum = checksumOf(cold)
  const lookUps = await timeLookUps(built.generation, built.ownerOfFact, batches, plan, report)
  const randomRead = await timeRandomReads(built.generation, options.probes, plan)
  const asked = await askSome(built.generation, batches.cold, BASE_MS, plan)
  const workers = await timeWorkers(built, batches, checksum, plan)
  report(`one worker ${workers.one.ns.toFixed(0)} ns, two ${workers.two.ns.toFixed(0)} ns a look-up`)
  const checkpoint = await restore(built, batches, checksum)
  report(`restored in ${checkpoint.restoreSeconds.toFixed(1)} s`)
  const residentBytes = process.memoryUsage.rss()
  return {
    versions,
    addresses: estate.addresses,
    ipv6Addresses: estate.addresses - estate.ipv4Addresses,
    probes: options.probes,
    buildSeconds: built.buildSeconds,
    sizes: sizesOf(built.columns),
    lookUps,
    randomRead,
    asked,
    workers,
    checkpoint,
    straddling: options.straddling > 0 ? await straddle(options, plan, report) : null,
    ledger: options.claims > 0 ? measureLedger(options.claims, seed) : null,
    residentBytes,
  }
}

/** The cold probes in one worker, and in two with half of them each. */
async function timeWorkers(built: Built, { cold }: Batches, checksum: number, plan: Plan): Promise<WorkerFigures> {
  const { columns, ownerOfFact } = built
  const crew = await Crew.start(2, { columns, ownerOfFact, batches: cold })
  const count = cold.reduce((sum, { lookUps }) => sum + lookUps.count, 0)
  const withWorkers = (workers: number) => ({
    count,
    run: async () => {
      const sum = await crew.lookUpAll(workers)
      if (sum !== checksum) throw new Error(`${workers} workers: owners add up to ${sum}, the truth is ${checksum}`)
    },
  })
  try {
    const { one, two } = await timeInTurn(plan, { one: withWorkers(1), two: withWorkers(2) })
    return { one, two, startMs: crew.startMs, openMs: crew.openMs }
  } finally {
    await crew.end()
  }
}

async function restore(
  { columns, ownerOfFact }: Built,
  { cold }: Batches,
  checksum: number,
): Promise<Omit<Restored, 'generation'>> {
  const { generation, ...figures } = await writeAndRestore(columns)
  for (const { found } of cold) found.fill(0)
  lookUp(generation, cold)
  const sum = cold.reduce((total, { found }) => total + sumOfHostOwners(found, ownerOfFact), 0)
  if (sum !== checksum) throw new Error(`restored: owners add up to ${sum}, the truth is ${checksum}`)
  return figures
}

/** The same estate half in one segment and half in the next: whoever held an address over the edge stands in both. */
async function straddle(
  { straddling: versions, halfIpv6, probes, seed }: WhohadOptions,
  plan: Plan,
  report: Report,
): Promise<WhohadResult['straddling']> {
  report('across two segments:')
  const estate = new Estate({ versions, halfIpv6, seed })
  const { columns, generation, ownerOfFact } = buildIndex(estate, STRADDLING_BASE_MS, report)
  const { batches } = batchesOfAllKinds(estate, STRADDLING_BASE_MS, probes, () => {})
  const count = batches.hits.reduce((sum, { lookUps }) => sum + lookUps.count, 0)
  const cold = await timeRounds(plan, { count, run: () => lookUp(generation, batches.hits) })
  for (const batch of batches.hits) verify(batch, ownerOfFact)
  return { versions, sizes: sizesOf(columns), cold }
}

/** On its own it is for a profiler: node --cpu-prof --import ./bench/typescript.mjs bench/index/whohad.ts --versions=10000000 */
function optionsOf(args: readonly string[]): WhohadOptions {
  const text = (otherwise: number) => ({ type: 'string', default: String(otherwise) }) as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      versions: text(1_000_000),
      halfIpv6: { type: 'string', default: 'false' },
      probes: text(300_000),
      rounds: text(3),
      seed: text(1),
      claims: text(0),
      straddling: text(0),
      untilMs: text(Number.MAX_SAFE_INTEGER),
    },
  })
  const number = (name: keyof WhohadOptions): number => Number(values[name])
  return {
    versions: number('versions'),
    halfIpv6: values.halfIpv6 === 'true',
    probes: number('probes'),
    rounds: number('rounds'),
    seed: number('seed'),
    claims: number('claims'),
    straddling: number('straddling'),
    untilMs: number('untilMs'),
  }
}

if (process.argv[1] === import.meta.filename) {
  const report = (line: string) => console.error(`whohad: ${line}`)
  console.log(JSON.stringify(await run(optionsOf(process.argv.slice(2)), report)))
}
