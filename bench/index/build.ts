import { SourceHistory } from '../../src/ownership/coverage.ts'
import { Generation, type GenerationColumns } from '../../src/ownership/generation/generation.ts'
import { SegmentBuilder } from '../../src/ownership/generation/segment-builder.ts'
import { baseOf, slotOf } from '../../src/ownership/generation/ticks.ts'
import { TextTable } from '../../src/ownership/ledger/text-table.ts'
import { ipv4Subnets, ipv6Subnets } from './addresses.ts'
import { type Estate, OPEN, SPAN_MS, type Versions, versionColumns } from './estate.ts'
import { BenchFacts, DOMAIN, progress, SOURCE, sourceRecord } from './facts.ts'

export type Built = {
  readonly columns: GenerationColumns
  readonly generation: Generation
  /** Owner number by the number of a fact, 0 where it has none. */
  readonly ownerOfFact: Uint32Array
  /** From columns of versions in memory to an index that can be asked; the making of the versions is not in it. */
  readonly buildSeconds: number
}

const ADDRESSES_AT_ONCE = 50_000
const POLL_EVERY_MS = 60_000
const NUMBER_OF_DOMAIN = 1

/** The estate as an index whose history begins at `baseMs`, in as many segments as its days touch. */
export function buildIndex(
  estate: Estate,
  baseMs: number,
  report: (line: string) => void,
  facts: BenchFacts = new BenchFacts(),
): Built {
  const parts = partsOf(estate, baseMs)
  let buildMs = 0
  const timed = (work: () => void): void => {
    const startedMs = performance.now()
    work()
    buildMs += performance.now() - startedMs
  }
  const versions = versionColumns(ADDRESSES_AT_ONCE * estate.versionsPerAddress)
  const words = new Uint32Array(ADDRESSES_AT_ONCE * 4)
  for (let first = 0; first < estate.addresses; first += ADDRESSES_AT_ONCE) {
    const count = Math.min(ADDRESSES_AT_ONCE, estate.addresses - first)
    estate.fill(first, count, versions)
    for (let i = 0; i < count; i++) estate.writeAddress(first + i, words, i * 4)
    timed(() => {
      for (const part of parts) part.addHosts(estate, first, count, words, versions, facts)
    })
    if (first % (ADDRESSES_AT_ONCE * 20) === 0) report(`${first} of ${estate.addresses} addresses built in`)
  }
  const segments: GenerationColumns['base'][number][] = []
  timed(() => {
    for (const part of parts) segments.push(part.finish(estate, facts))
  })
  const columns = columnsOf(segments, facts, baseMs, estate.versionsPerAddress)
  return {
    columns,
    generation: new Generation(columns),
    ownerOfFact: facts.ownerOfFact,
    buildSeconds: buildMs / 1000,
  }
}

function columnsOf(
  base: GenerationColumns['base'],
  facts: BenchFacts,
  baseMs: number,
  versionsPerAddress: number,
): GenerationColumns {
  const domains = new TextTable()
  domains.intern(DOMAIN)
  const ids = new TextTable()
  // Ids are told apart within a prefix only; what ten million of them take is the ledger's figure.
  for (let place = 0; place < versionsPerAddress; place++) ids.intern(`c1a1m0000000000000000000000000${place}`)
  const history = new SourceHistory(SOURCE)
  history.register(sourceRecord(baseMs))
  const polls = SPAN_MS / POLL_EVERY_MS
  for (let poll = 0; poll <= polls; poll++) {
    const completeUpToMs = baseMs + poll * POLL_EVERY_MS
    history.advance(progress(poll + 1, completeUpToMs))
  }
  return {
    base,
    overlay: [],
    facts: facts.table.columns(),
    domains: domains.columns(),
    ids: ids.columns(),
    histories: [history.columns()],
    horizons: [],
  }
}

function partsOf(estate: Estate, baseMs: number): readonly Part[] {
  const slots = [slotOf(baseMs), slotOf(baseMs + SPAN_MS - 1)]
  return [...new Set(slots)].map((slot, _, { length }) => new Part(estate, baseMs, slot, length === 1 ? 1 : 0.6))
}

/** One segment while it is built. */
class Part {
  private readonly builder: SegmentBuilder
  private readonly baseMs: number
  /** Of the segment, after `baseMs`. */
  private readonly fromMs: number
  private readonly untilMs: number

  constructor(estate: Estate, baseMs: number, slot: number, shareOfRows: number) {
    this.baseMs = baseMs
    this.fromMs = baseOf(slot) - baseMs
    this.untilMs = baseOf(slot + 1) - baseMs
    const hosts4 = estate.ipv4Addresses
    const hosts6 = estate.addresses - hosts4
    this.builder = new SegmentBuilder(slot, {
      rows: Math.ceil(estate.versions * shareOfRows) + 100_000,
      hosts4,
      hosts6,
    })
  }

  addHosts(
    estate: Estate,
    first: number,
    count: number,
    words: Uint32Array,
    versions: Versions,
    facts: BenchFacts,
  ): void {
    const { builder, baseMs, fromMs, untilMs } = this
    const each = estate.versionsPerAddress
    for (let i = 0; i < count; i++) {
      const family = estate.isIpv6(first + i) ? 6 : 4
      const at = i * 4
      let hasBegun = false
      for (let place = 0; place < each; place++) {
        const version = i * each + place
        const possibleFrom = versions.startEarliest[version] as number
        const isOpen = versions.endLatest[version] === OPEN
        const possibleUntil = isOpen ? Number.POSITIVE_INFINITY : (versions.endLatest[version] as number)
        if (possibleFrom >= untilMs || possibleUntil <= fromMs) continue
        if (!hasBegun) {
          builder.prefix(
            NUMBER_OF_DOMAIN,
            family,
            family === 4 ? 32 : 128,
            words[at] as number,
            words[at + 1] as number,
            words[at + 2] as number,
            words[at + 3] as number,
          )
          hasBegun = true
        }
        const certainFrom = baseMs + (versions.startLatest[version] as number)
        // As the diff publishes it: what is open is certain from its first sighting on as far as progress carries it.
        const certainUntil = isOpen ? certainFrom : baseMs + (versions.endEarliest[version] as number)
        const fact = facts.ofHost(versions.owner[version] as number, isOpen)
        builder.row(baseMs + possibleFrom, certainFrom, certainUntil, baseMs + possibleUntil, certainUntil, fact, place)
      }
    }
  }

  finish(estate: Estate, facts: BenchFacts): GenerationColumns['base'][number] {
    const { builder, baseMs } = this
    const hasIpv6 = estate.ipv4Addresses < estate.addresses
    for (const subnets of hasIpv6 ? [ipv4Subnets(), ipv6Subnets()] : [ipv4Subnets()]) {
      for (const { family, length, words, owner } of subnets) {
        builder.prefix(NUMBER_OF_DOMAIN, family, length, ...words)
        const fact = facts.ofSubnet(owner)
        builder.row(Number.NEGATIVE_INFINITY, baseMs, baseMs, Number.POSITIVE_INFINITY, baseMs, fact, 0)
      }
    }
    return builder.finish().columns
  }
}
