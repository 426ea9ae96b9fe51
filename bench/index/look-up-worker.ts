import { parentPort, workerData } from 'node:worker_threads'
import { Generation } from '../../src/ownership/generation/generation.ts'
import { ownersOf } from '../../src/ownership/generation/look-ups.ts'
import { partOf, sumOfHostOwners } from './batches.ts'
import type { Done, Ready, Task, WorkerData } from './crew.ts'

const { columns, ownerOfFact, batches } = workerData as WorkerData
const startedMs = performance.now()
const generation = new Generation(columns)
parentPort?.postMessage({ openMs: performance.now() - startedMs } satisfies Ready)

parentPort?.on('message', ({ part, parts }: Task) => {
  let sum = 0
  for (const batch of batches) {
    const share = batch.lookUps.count / parts
    const { lookUps, found } = partOf(batch, Math.floor(part * share), Math.floor((part + 1) * share))
    ownersOf(generation, lookUps, found)
    sum += sumOfHostOwners(found, ownerOfFact)
  }
  parentPort?.postMessage({ sum } satisfies Done)
})
