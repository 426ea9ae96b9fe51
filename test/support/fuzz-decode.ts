// node --max-old-space-size=64 --import ./bench/typescript.mjs test/support/fuzz-decode.ts SEED RUNS: decodes mutated messages of
// every published version and prints how many were read. With so little memory one list of a billion items is the end of it.
import fc from 'fast-check'
import { decodeChange } from '../../src/changestream/codec.ts'
import { mutated } from './mutated.ts'
import { historyFolder, namesIn, storedSamples } from './stored-samples.ts'

const [seed = 1, runs = 1000] = process.argv.slice(2).map(Number)
const messages = namesIn(historyFolder, '.avsc').flatMap(name => storedSamples(name).map(({ message }) => message))
const counts = { read: 0, unreadable: 0 }

fc.assert(
  fc.property(fc.constantFrom(...messages), mutated, (message, mutate) => {
    // The header stays: behind another one nothing is looked at.
    const { change, unreadable } = decodeChange(Buffer.concat([message.subarray(0, 10), mutate(message.subarray(10))]))
    if ((change === undefined) === (unreadable === undefined)) throw new Error('neither a change nor a reason')
    if (change) counts.read++
    else counts.unreadable++
  }),
  { seed, numRuns: runs },
)
console.log(JSON.stringify(counts))
