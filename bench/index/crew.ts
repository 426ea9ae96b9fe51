import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { GenerationColumns } from '../../src/ownership/generation/generation.ts'
import type { Batch } from './batches.ts'

export type WorkerData = {
  readonly columns: GenerationColumns
  readonly ownerOfFact: Uint32Array
  readonly batches: readonly Batch[]
}

/** The part of every batch that one worker shall look up: the n-th of so many. */
export type Task = { readonly part: number; readonly parts: number }
export type Ready = { readonly openMs: number }
export type Done = { readonly sum: number }

/** Worker threads that look up the same batches in one index, which they share. */
export class Crew {
  private readonly workers: readonly Worker[]
  /** From `new Worker` to the first answer it could give; and of that the opening of the shared index, the slowest one's. */
  readonly startMs: number
  readonly openMs: number

  private constructor(workers: readonly Worker[], startMs: number, openMs: number) {
    this.workers = workers
    this.startMs = startMs
    this.openMs = openMs
  }

  static async start(count: number, workerData: WorkerData): Promise<Crew> {
    const startedMs = performance.now()
    const file = new URL('./look-up-worker.ts', import.meta.url)
    const workers = Array.from({ length: count }, () => new Worker(file, { workerData }))
    const ready = await Promise.all(workers.map(async worker => (await once(worker, 'message'))[0] as Ready))
    return new Crew(workers, performance.now() - startedMs, Math.max(...ready.map(({ openMs }) => openMs)))
  }

  /** Looks everything up with the first `parts` workers at once, and returns what the owners found add up to. */
  async lookUpAll(parts: number): Promise<number> {
    const sums = this.workers.slice(0, parts).map(async (worker, part) => {
      const answer = once(worker, 'message')
      worker.postMessage({ part, parts } satisfies Task)
      return ((await answer)[0] as Done).sum
    })
    return (await Promise.all(sums)).reduce((sum, part) => sum + part, 0)
  }

  async end(): Promise<void> {
    await Promise.all(this.workers.map(worker => worker.terminate()))
  }
}
