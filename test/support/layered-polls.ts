import fc from 'fast-check'
import type { ChangeLog, LoggedChange } from '../../src/changestream/port.ts'
import type { Change, Layer, Owner, SourceBounds } from '../../src/ownership/claim.ts'
import type { OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { type Binding, type Sighting, type Snapshot, spanOf } from '../../src/ownership/snapshot.ts'
import type { SourceState } from '../../src/ownership/snapshot-diff.ts'
import { adoptState } from '../../src/pollers/adopt.ts'
import type { Inventory } from '../../src/pollers/inventory.ts'
import { pollOnce } from '../../src/pollers/poll.ts'
import type { PollReport } from '../../src/pollers/report.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import { owner, prefix } from './estate.ts'
import { BRIDGE_MS, BRIEFEST_MS, EXPECTED, type Instance, isAt, type Life, type Name, nameAt } from './layered-world.ts'

export const LAG_MS = 20
export const CLOCK_ERROR_MS = 3
export const BOUNDS: SourceBounds = {
  lagMs: LAG_MS,
  clockErrorMs: CLOCK_ERROR_MS,
  bridgeMs: BRIDGE_MS,
  briefestHoldingMs: BRIEFEST_MS,
  longestGapMs: 600,
}

type Timing = { readonly waitMs: number; readonly staleMs: number; readonly tookMs: number }

export type Poll = {
  readonly afterMs: number
  readonly pages: readonly Timing[]
  readonly fate: 'complete' | 'refused' | 'dies while publishing' | 'restarted before'
  /** How many changes a poller gets out before it dies. */
  readonly published: number
  /** Of the clock of the machine on which the poller is started anew. */
  readonly clockOffsetMs: number
  readonly tagsLost: boolean
}

const PAGES = 6
const FATES = ['refused', 'dies while publishing', 'restarted before'] as const

/** Drawn by one seed: a schedule has hundreds of numbers, and none of them is worth shrinking by itself. */
export const polls: fc.Arbitrary<readonly Poll[]> = fc.integer().map(seed => {
  let state = seed
  /** From 0 to `most`, by Weyl steps and a mix of their bits (splitmix32). */
  const upTo = (most: number): number => {
    state = (state + 0x9e3779b9) | 0
    let bits = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97)
    return ((bits ^ (bits >>> 15)) >>> 0) % (most + 1)
  }
  return Array.from({ length: 25 + upTo(20) }, () => ({
    // Now and then a long pause, as after an outage.
    afterMs: upTo(19) === 0 ? 400 : 1 + upTo(70),
    pages: Array.from({ length: PAGES }, () => ({ waitMs: upTo(4), staleMs: upTo(LAG_MS), tookMs: upTo(8) })),
    fate: FATES[upTo(11)] ?? 'complete',
    published: upTo(6),
    clockOffsetMs: upTo(2 * CLOCK_ERROR_MS) - CLOCK_ERROR_MS,
    tagsLost: upTo(1) === 1,
  }))
})

/** A page's request on the poller's clock, and the true moment that its reply shows. */
type Page = { readonly sighting: Sighting; readonly momentMs: number }
type Shown = { readonly bindings: readonly Binding[]; readonly names: readonly Name[] }
type Look = (lives: readonly Life[], page: (i: number) => Page, tagsLost: boolean) => Shown

const common = { domain: 'd1', ports: null, stated: [], whole: false, expects: [] as readonly Layer[] } as const

/** Interfaces first, a page for each address, then instances: an owner is joined from two replies. */
export const lookAtEc2: Look = (lives, page, tagsLost) => {
  const names: Name[] = []
  const bindings = lives.flatMap((life, i): readonly Binding[] => {
    const seen = page(i)
    const eni = life.interfaces.find(one => isAt(one, seen.momentMs))
    const attachment = life.attachments.find(one => isAt(one, seen.momentMs))
    const at = { ...common, prefix: prefix(life.prefix), state: 'held', sighting: seen.sighting } as const
    const found: Binding[] = []
    if (eni) {
      const owners = [owner(null, eni.id, { kind: 'interface', eni: eni.id })]
      found.push({ ...at, layer: 'interface', owners, lifetimeId: eni.id, expects: EXPECTED[life.kind] })
    }
    if (attachment) {
      const { instance, lifetimeId, endingAtMs } = attachment
      const described = page(lives.length + i)
      const name = nameAt(instance, described.momentMs)
      if (name) names.push(name)
      const application = tagsLost && instance.losesTags ? null : (name?.application ?? null)
      found.push({
        ...at,
        layer: 'instance',
        owners: [instanceOwner(instance, application)],
        lifetimeId,
        state: endingAtMs <= described.momentMs ? 'ending' : 'held',
        sighting: spanOf(seen.sighting, described.sighting),
        expects: EXPECTED[life.kind].filter(layer => layer === 'container'),
      })
    }
    return found
  })
  return { bindings, names }
}

const instanceOwner = ({ id }: Instance, application: string | null): Owner => owner(application, id)

export const lookAtTasks: Look = (lives, page) => ({
  names: [],
  bindings: lives.flatMap((life, i) => {
    const { momentMs, sighting } = page(i)
    const listed = life.tasks.filter(one => one.fromMs <= momentMs && momentMs < one.listedUntilMs)
    return listed.map((task): Binding => {
      const application = task.namedAtMs <= momentMs ? task.application : null
      return {
        ...common,
        prefix: prefix(life.address),
        layer: 'container',
        owners: [owner(application, task.id, { kind: 'container' })],
        lifetimeId: task.id,
        state: momentMs < task.killedAtMs && !isAt(task.away, momentMs) ? 'held' : 'ending',
        sighting,
      }
    })
  }),
})

/** A log of one partition in memory that hands on to the index what it keeps, and may break off in the middle. */
export class BreakingLog implements ChangeLog {
  readonly partitions = 1
  breaksAfter = Number.POSITIVE_INFINITY
  private readonly logged: LoggedChange[] = []
  private readonly index: OwnershipIndex

  constructor(index: OwnershipIndex) {
    this.index = index
  }

  async append(changes: readonly Change[]): Promise<void> {
    for (const change of changes.slice(0, this.breaksAfter)) {
      this.logged.push({ change, partition: 0, offset: this.logged.length, loggedAtMs: 0 })
      this.index.apply(change)
    }
    if (changes.length > this.breaksAfter) throw new Error('killed')
  }

  async *read(): AsyncIterable<readonly LoggedChange[]> {
    if (this.logged.length > 0) yield [...this.logged]
  }

  end = async () => [this.logged.length]
  close = async () => undefined
}

const signal = new AbortController().signal
const nothing = () => undefined
const report: PollReport = {
  pollCompleted: nothing,
  pollRefused: nothing,
  publishFailed: nothing,
  adoptFailed: nothing,
}

/** One poller of the world through its own clock; its state after a restart is what the log says, and nothing else. */
export class WorldPoller {
  /** The names that complete polls have shown. */
  readonly shownNames = new Set<Name>()
  nowMs = 0
  private state: SourceState | undefined
  private offsetMs = 0
  private readonly clock: Clock = { now: () => this.nowMs + this.offsetMs, sleep: async () => undefined }
  private readonly lives: readonly Life[]
  private readonly log: BreakingLog
  private readonly look: Look
  private readonly source: string
  private readonly layers: readonly Layer[]

  constructor(lives: readonly Life[], log: BreakingLog, source: string, layers: readonly Layer[], look: Look) {
    this.lives = lives
    this.log = log
    this.source = source
    this.layers = layers
    this.look = look
  }

  async poll(poll: Poll): Promise<void> {
    this.nowMs += poll.afterMs
    let names: readonly Name[] = []
    const list = async () => {
      const pages = poll.pages.map(page => this.page(page))
      if (poll.fate === 'refused') throw new Error('refused')
      const shown = this.look(this.lives, i => pages[i] as Page, poll.tagsLost)
      names = shown.names
      const scope = [{ domain: 'd1', prefix: prefix('10.0.0.0/8'), layers: this.layers }]
      const sighting = pages.map(page => page.sighting).reduce(spanOf)
      return { sighting, bindings: shown.bindings, scope } satisfies Snapshot
    }
    const inventory: Inventory = { source: this.source, kind: 'test', bounds: BOUNDS, list }
    if (this.state === undefined || poll.fate === 'restarted before') {
      this.offsetMs = poll.clockOffsetMs
      this.state = await adoptState(inventory, this.log, this.clock, signal)
    }
    if (poll.fate === 'dies while publishing') this.log.breaksAfter = poll.published
    try {
      const before = this.state.completeUpToMs
      this.state = await pollOnce(inventory, this.state, { log: this.log, clock: this.clock, report }, signal)
      if (this.state.completeUpToMs !== before) for (const name of names) this.shownNames.add(name)
    } catch {
      this.state = undefined
    }
    this.log.breaksAfter = Number.POSITIVE_INFINITY
  }

  private page({ waitMs, tookMs, staleMs }: Timing): Page {
    const sentMs = this.nowMs + waitMs
    this.nowMs = sentMs + tookMs
    const sighting = { sentAtMs: sentMs + this.offsetMs, receivedAtMs: this.nowMs + this.offsetMs }
    return { sighting, momentMs: sentMs + Math.floor(tookMs / 2) - staleMs }
  }
}
