import { formatAddress } from '../../src/ownership/address.ts'
import type { Claim } from '../../src/ownership/claim.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { hostPrefix } from '../../src/ownership/prefix.ts'
import { Stopwatch } from '../stopwatch.ts'
import { BASE_MS, Estate, OPEN, SPAN_MS, versionColumns } from './estate.ts'
import { DOMAIN, nowMsOf, ownerOf, progress, SOURCE, sourceRecord } from './facts.ts'
import { makeProbes, NO_VERSION } from './probes.ts'
import { bitsOf, seedOf } from './random.ts'
import { bytesOf, sizesOf } from './sizes.ts'

export type LedgerFigures = {
  readonly claims: number
  /** As columns: windows, revisions, ids, cells, chains. The hash tables of a writer are not in it. */
  readonly bytesPerClaim: number
  /** What claims say apart from when, here an owner for each. */
  readonly factBytesPerClaim: number
  readonly claimsPerSecond: number
  readonly cpuNsPerClaim: number
  /** The same claims once more, in new objects, as after a restart of the reader. */
  readonly repeatCpuNsPerClaim: number
  /** New claims of few owners, which come as one object each, as from a decoder that knows owners by their bytes. */
  readonly sharedCpuNsPerClaim: number
  readonly compactSeconds: number
  readonly compactCpuSeconds: number
  readonly rowBytesPerClaim: number
}

const ADDRESSES_AT_ONCE = 50
const QUESTIONS = 2000
const ADDRESSES_OF_AN_ENI = 10
const ID_STREAM = 77

/** Whole claims, each an object of its own as a consumer of the change stream gets it, through the index and folded. */
export function measureLedger(claims: number, seed: number): LedgerFigures {
  const estate = new Estate({ versions: claims, seed })
  const index = createOwnershipIndex()
  const applying = new Stopwatch()
  const repeating = new Stopwatch()
  for (const made of batchesOf(estate)) {
    applying.time(() => applyAll(index, made))
    const again = structuredClone(made)
    repeating.time(() => applyAll(index, again))
  }
  const compacting = new Stopwatch()
  compacting.time(() => index.compact())
  verify(index, estate)
  const { ledger } = index.columns()
  const { facts, ...ofClaims } = ledger
  return {
    claims,
    bytesPerClaim: bytesOf(ofClaims) / claims,
    factBytesPerClaim: bytesOf(facts) / claims,
    claimsPerSecond: claims / applying.wallSeconds,
    cpuNsPerClaim: (applying.cpuSeconds * 1e9) / claims,
    repeatCpuNsPerClaim: (repeating.cpuSeconds * 1e9) / claims,
    sharedCpuNsPerClaim: (applyShared(estate).cpuSeconds * 1e9) / claims,
    compactSeconds: compacting.wallSeconds,
    compactCpuSeconds: compacting.cpuSeconds,
    rowBytesPerClaim: sizesOf(index.generation().columns).lookUpBytes / claims,
  }
}

function applyShared(estate: Estate): Stopwatch {
  const index = createOwnershipIndex()
  const applying = new Stopwatch()
  const ownersOf = new Map<string, Claim['owners']>()
  for (const made of batchesOf(estate)) {
    const shared = made.map(claim => {
      const application = claim.owners[0]?.application ?? ''
      const owners = ownersOf.get(application) ?? claim.owners
      ownersOf.set(application, owners)
      return { ...claim, owners }
    })
    applying.time(() => applyAll(index, shared))
  }
  return applying
}

/** Claims made of objects and texts of their own, as a decoder makes them. */
function* batchesOf(estate: Estate): Generator<readonly Claim[]> {
  for (let first = 0; first < estate.addresses; first += ADDRESSES_AT_ONCE) {
    yield structuredClone(claimsOf(estate, first, Math.min(ADDRESSES_AT_ONCE, estate.addresses - first)))
  }
}

function applyAll(index: OwnershipIndex, claims: readonly Claim[]): void {
  for (const claim of claims) index.apply(claim)
}

/** Some questions about the claims, whole, against the truth. @throws Error */
function verify(index: OwnershipIndex, estate: Estate): void {
  index.apply(sourceRecord(BASE_MS))
  index.apply(progress(1, BASE_MS + SPAN_MS))
  const probes = makeProbes(estate, 'cold', QUESTIONS)
  for (let i = 0; i < probes.count; i++) {
    const ip = formatAddress({ family: 4, words: [probes.words[i * 4] as number, 0, 0, 0] })
    const fromMs = BASE_MS + (probes.fromMs[i] as number)
    const { state, holding } = index.ask({ domain: DOMAIN, ip, fromMs, untilMs: fromMs + 1, nowMs: nowMsOf(BASE_MS) })
    const version = probes.version[i] as number
    const task = version === NO_VERSION ? undefined : taskOf(estate, version)
    if (holding?.owner.resourceId === task) continue
    throw new Error(`${ip} at ${fromMs}: ${state} ${holding?.owner.resourceId}, the truth is ${task}`)
  }
}

/** All claims of `count` addresses from the `first` on; the task of each has an id of its own (`taskOf`). */
export function claimsOf(estate: Estate, first: number, count: number): readonly Claim[] {
  const each = estate.versionsPerAddress
  const versions = versionColumns(count * each)
  const words = new Uint32Array(4)
  const claims: Claim[] = []
  estate.fill(first, count, versions)
  for (let version = 0; version < count * each; version++) {
    const address = first + Math.floor(version / each)
    estate.writeAddress(address, words, 0)
    const isOpen = versions.endLatest[version] === OPEN
    const atMs = (column: Uint32Array): number => BASE_MS + (column[version] as number)
    const start = { earliestMs: atMs(versions.startEarliest), latestMs: atMs(versions.startLatest) }
    const end = isOpen
      ? { earliestMs: start.latestMs, latestMs: Number.POSITIVE_INFINITY }
      : { earliestMs: atMs(versions.endEarliest), latestMs: atMs(versions.endLatest) }
    // Every task is an owner of its own, as in life: interning saves nothing here.
    const task = taskOf(estate, first * each + version)
    const eni = `eni-${(Math.floor(address / ADDRESSES_OF_AN_ENI) + 2 ** 44).toString(16).padStart(17, '0')}`
    claims.push({
      record: 'claim',
      id: idOf(first * each + version),
      revision: { epoch: 1, sequence: 1 + (version % each) },
      domain: DOMAIN,
      prefix: hostPrefix(formatAddress({ family: 4, words: [words[0] as number, 0, 0, 0] })),
      ports: null,
      layer: 'container',
      source: SOURCE,
      owners: [{ ...ownerOf(versions.owner[version] as number, 'container'), resourceId: task, eni }],
      lifetimeId: task,
      start,
      end,
      lastSightingMs: end.earliestMs,
      evidence: 'sighted',
      state: isOpen ? 'open' : 'closed',
      expects: [],
      whole: false,
    })
  }
  return claims
}

/** Resource of the owner that a version of the estate names, by the version's number. */
export const taskOf = (estate: Estate, version: number): string => idOf(version + estate.versions)

/** 32 hexadecimal digits, as the pollers' ids have. */
function idOf(number: number): string {
  const seed = seedOf(ID_STREAM, number)
  const word = (draw: number): string => bitsOf(seed, draw).toString(16).padStart(8, '0')
  return number.toString(16).padStart(8, '0') + word(0) + word(1) + word(2)
}
