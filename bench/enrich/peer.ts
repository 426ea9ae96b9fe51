import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Stopwatch } from '../stopwatch.ts'
import { objectsIn } from './objects.ts'
import type { Round } from './rounds.ts'

export type PeerTask = {
  readonly versions: number
  readonly seed: number
  readonly rounds: number
  /** Of gzip text objects. */
  readonly folder: string
}

/** A way of asking, with so many threads. */
export type Timing = { readonly way: string; readonly threads: number; readonly rounds: readonly Round[] }

export type PeerResult = { readonly engine: string; readonly loadSeconds: number; readonly timings: readonly Timing[] }

/** How ways begin that write the attributed records into a table of the engine's own; the others count. */
export const INTO_TABLE = 'into a table'

/** An empty folder for the engine, which is gone afterwards. */
export async function withFolder<T>(beside: string, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(beside, '../engine-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Times statements that return how many ends hosts owned; a wrong number ends the run. */
export async function timeWays(
  { folder, rounds }: PeerTask,
  ways: Readonly<Record<string, (threads: number) => Promise<number>>>,
  report: (line: string) => void,
): Promise<readonly Timing[]> {
  const truth = (await objectsIn(folder)).reduce((sum, { ownedByHosts }) => sum + ownedByHosts, 0)
  const timings: Timing[] = []
  for (const [way, ask] of Object.entries(ways)) {
    for (const threads of [2, 1]) {
      const timed: Round[] = []
      for (let round = 0; round < rounds; round++) {
        const watch = new Stopwatch()
        const owned = await watch.timeUntilDone(() => ask(threads))
        if (owned !== truth) throw new Error(`${way}: ${owned} ends owned by hosts, the truth is ${truth}`)
        timed.push({ wallSeconds: watch.wallSeconds, cpuSeconds: watch.cpuSeconds })
      }
      report(`${way}, ${threads} threads: ${timed.map(({ wallSeconds }) => wallSeconds.toFixed(2)).join(', ')} s`)
      timings.push({ way, threads, rounds: timed })
    }
  }
  return timings
}
