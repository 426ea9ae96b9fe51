import type { Family } from '../../src/ownership/address.ts'
import type { LookUps } from '../../src/ownership/generation/look-ups.ts'
import { IN_FULL } from '../../src/ownership/generation/row-list.ts'
import { FACT_NUMBER } from '../../src/ownership/ledger/fact-table.ts'
import { HOST_OWNERS, ownerOfIpv4Fallback, ownerOfIpv6Fallback } from './addresses.ts'
import type { Probes } from './probes.ts'

/** Probes of one family as the index takes them, in shared memory, with the truth beside them. */
export type Batch = {
  readonly lookUps: LookUps
  /** The owner that is certain throughout; 0 where none is. */
  readonly expected: Int32Array
  /** Room for the answers. */
  readonly found: Int32Array
}

/** The probes by family: one batch, or two where there are both; `isWanted` leaves out others. */
export function batchesOf(
  probes: Probes,
  baseMs: number,
  isWanted: (probe: number) => boolean = () => true,
): readonly Batch[] {
  const ofFamily = (family: Family): readonly number[] => {
    const chosen: number[] = []
    for (let i = 0; i < probes.count; i++) {
      if ((probes.isIpv6[i] === 1) === (family === 6) && isWanted(i)) chosen.push(i)
    }
    return chosen
  }
  return ([4, 6] as const)
    .map(family => batchOf(probes, family, ofFamily(family), baseMs))
    .filter(({ lookUps }) => lookUps.count > 0)
}

function batchOf(probes: Probes, family: Family, chosen: readonly number[], baseMs: number): Batch {
  const count = chosen.length
  const addressWords = family === 4 ? 1 : 4
  const domains = integers(count).fill(1)
  const words = integers(count * addressWords)
  const fromMs = new Float64Array(new SharedArrayBuffer(count * 8))
  const untilMs = new Float64Array(new SharedArrayBuffer(count * 8))
  const expected = integers(count)
  for (const [at, probe] of chosen.entries()) {
    for (let i = 0; i < addressWords; i++) words[at * addressWords + i] = probes.words[probe * 4 + i] as number
    fromMs[at] = baseMs + (probes.fromMs[probe] as number)
    untilMs[at] = baseMs + (probes.untilMs[probe] as number)
    expected[at] = probes.owner[probe] as number
  }
  return { lookUps: { family, count, domains, words, fromMs, untilMs }, expected, found: integers(count) }
}

const integers = (length: number): Int32Array => new Int32Array(new SharedArrayBuffer(length * 4))

/** The look-ups from `from` up to `until` of a batch; nothing is copied. */
export function partOf({ lookUps, expected, found }: Batch, from: number, until: number): Batch {
  const { family, domains, words, fromMs, untilMs } = lookUps
  const addressWords = family === 4 ? 1 : 4
  return {
    lookUps: {
      family,
      count: until - from,
      domains: domains.subarray(from, until),
      words: words.subarray(from * addressWords, until * addressWords),
      fromMs: fromMs.subarray(from, until),
      untilMs: untilMs.subarray(from, until),
    },
    expected: expected.subarray(from, until),
    found: found.subarray(from, until),
  }
}

export const countOf = (batches: readonly Batch[]): number =>
  batches.reduce((count, { lookUps }) => count + lookUps.count, 0)

/** What the answers of a batch about hosts add up to, as the peers' statements do it: owners of subnets are none of theirs. */
export function sumOfHostOwners(found: Int32Array, ownerOfFact: Uint32Array): number {
  let sum = 0
  for (let i = 0; i < found.length; i++) {
    const fact = found[i] as number
    const owner = fact < 0 ? 0 : (ownerOfFact[fact & FACT_NUMBER] as number)
    if (owner <= HOST_OWNERS) sum += owner
  }
  return sum
}

/** How the answers of a batch turned out. */
export type Outcome = { readonly owned: number; readonly bySubnet: number; readonly inFull: number }

/**
 * Every answer against the truth: the certain owner where there is one; else nobody of the hosts' owners, only the narrowest
 * subnet's, or that the whole question has to be asked.
 * @throws Error at the first answer that is wrong.
 */
export function verify({ lookUps, expected, found }: Batch, ownerOfFact: Uint32Array): Outcome {
  let bySubnet = 0
  let inFull = 0
  for (let i = 0; i < lookUps.count; i++) {
    const fact = found[i] as number
    const owner = fact < 0 ? fact : (ownerOfFact[fact & FACT_NUMBER] as number)
    const truth = expected[i] as number
    if (owner > HOST_OWNERS) bySubnet++
    if (truth === 0 && fact === IN_FULL) inFull++
    else if (owner !== (truth === 0 ? subnetOwner(lookUps, i) : truth)) {
      throw new Error(`look-up ${i} of IPv${lookUps.family}: owner ${owner} was found, the truth is ${truth}`)
    }
  }
  return { owned: lookUps.count - inFull, bySubnet, inFull }
}

const subnetOwner = ({ family, words }: LookUps, i: number): number =>
  family === 4 ? ownerOfIpv4Fallback(words[i] as number) : ownerOfIpv6Fallback((words[i * 4 + 1] as number) >>> 0)
