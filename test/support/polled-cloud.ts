import type { SourceBounds } from '../../src/ownership/claim.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { SourceState } from '../../src/ownership/snapshot-diff.ts'
import { adoptState } from '../../src/pollers/adopt.ts'
import type { Inventory } from '../../src/pollers/inventory.ts'
import { DEFAULT_NARROWING, Narrowing, type TargetedLook } from '../../src/pollers/narrowing.ts'
import { diffContextOf, pollOnce } from '../../src/pollers/poll.ts'
import { createWorld, type Scale } from '../../src/simulator/world.ts'
import { type Weather, WeatheredWorld } from './bad-weather.ts'
import { BreakingLog } from './layered-polls.ts'
import { START_MS } from './simulator.ts'
import { ec2Of, titusOf } from './world-inventories.ts'
import { askNearTurn, certainSpan, contradiction, falsehood } from './world-truth.ts'

/** One run: a world, its weather, and how often it is polled. */
export type Run = {
  readonly seed: number
  readonly scale: Scale
  readonly pace: number
  readonly weather: Weather
  readonly briefestHoldingMs: number
  readonly bridgeMs: number
  readonly pollMs: number
  readonly polls: number
  /** How far apart looks stand between two polls, at most; null for polls alone. */
  readonly lookMs: number | null
  /** Looks ask for holders of blocks by their ids, and do not list their subnets. */
  readonly areSubnetsLarge: boolean
}

/** What was checked, and what of it is not true. */
export type Findings = {
  /** Longest time from the earliest moment that one poll may have shown to the latest that the next may have. */
  seeableMs: number
  spans: number
  owned: number
  unowned: number
  external: number
  completed: number
  /** Looks that changed a claim. */
  narrowed: number
  readonly wrong: string[]
}

const nothing = () => undefined
const signal = new AbortController().signal

/** Polls the world and checks after each poll all that is certain by then, and answers at instants that matter. */
export async function pollAndCheck(run: Run, questionsPerPoll = 20): Promise<Findings> {
  const { seed, weather, briefestHoldingMs, bridgeMs, pace, pollMs } = run
  const shownLateMs = weather.lagMs / 2
  const promises = { briefestHoldingMs, bridgeMs, pace, shownLateMs, tagsLateMs: 20_000 }
  const world = createWorld(seed, START_MS, run.scale, promises)
  const polled = new WeatheredWorld(world, weather, seed)
  const index = createOwnershipIndex()
  const log = new BreakingLog(index)
  const bounds: SourceBounds = {
    lagMs: weather.lagMs,
    clockErrorMs: weather.clockErrorMs,
    bridgeMs,
    briefestHoldingMs,
    longestGapMs: pollMs * 2.5,
  }
  const findings: Findings = {
    seeableMs: 0,
    spans: 0,
    owned: 0,
    unowned: 0,
    external: 0,
    completed: 0,
    narrowed: 0,
    wrong: [],
  }
  const ec2 = ec2Of(polled, bounds, { areSubnetsLarge: run.areSubnetsLarge })
  const titus = titusOf(polled, bounds, shownLateMs, index)
  const inventories: readonly Looked[] = [
    { inventory: ec2, narrowing: narrowingOf(polled, log, ec2, ec2.look, findings) },
    { inventory: titus, narrowing: narrowingOf(polled, log, titus, titus.look, findings) },
  ]
  const { poll, look } = poller(polled, log, findings)
  // Where containers alone are watched, absence of containers is taken for absence of everybody.
  while (findings.completed === 0) await poll(inventories[0] as Looked)
  for (let i = 0; i < run.polls && findings.wrong.length === 0; i++) {
    const nextMs = polled.nowMs + (polled.random.chance(0.05) ? 4 * pollMs : polled.random.integer(pollMs >> 1, pollMs))
    for (let looks = 0; run.lookMs !== null && looks < MOST_LOOKS && findings.wrong.length === 0; looks++) {
      polled.pass(polled.random.integer(0, run.lookMs))
      if (polled.nowMs >= nextMs) break
      for (const inventory of inventories) await look(inventory)
      checkClaims(polled, index, findings)
    }
    polled.pass(Math.max(0, nextMs - polled.nowMs))
    for (const inventory of inventories) {
      await poll(inventory)
      polled.pass(polled.random.integer(0, 5_000))
    }
    checkClaims(polled, index, findings)
    checkAnswers(polled, index, questionsPerPoll, findings)
  }
  return findings
}

type Looked = { readonly inventory: Inventory; readonly narrowing: Narrowing }

/** Between two polls: what more of them find takes long, and is nothing new. */
const MOST_LOOKS = 6

const narrowingOf = (
  { clock }: WeatheredWorld,
  log: BreakingLog,
  inventory: Inventory,
  look: TargetedLook,
  findings: Findings,
): Narrowing =>
  new Narrowing({
    look,
    log,
    clock,
    context: diffContextOf(inventory),
    report: {
      lookDone: ({ result }) => {
        if (result === 'narrowed') findings.narrowed++
      },
    },
    limits: DEFAULT_NARROWING,
  })

function poller(run: WeatheredWorld, log: BreakingLog, findings: Findings) {
  const states = new Map<string, SourceState>()
  const completeUpTo = new Map<string, number>()
  const report = {
    pollCompleted: ({ source, completeUpToMs }: { readonly source: string; readonly completeUpToMs: number }) => {
      findings.completed++
      const gapMs = run.clock.now() + run.weather.clockErrorMs - (completeUpTo.get(source) ?? completeUpToMs)
      findings.seeableMs = Math.max(findings.seeableMs, gapMs)
      completeUpTo.set(source, completeUpToMs)
    },
    pollRefused: nothing,
    publishFailed: nothing,
    adoptFailed: nothing,
  }
  const { random, weather, clock } = run
  /** What may be written of it in part, if the poller dies; then its state is read anew. */
  const publish = async ({ inventory: { source }, narrowing }: Looked, made: () => Promise<SourceState>) => {
    if (random.chance(weather.dying)) log.breaksAfter = random.integer(0, 12)
    try {
      states.set(source, await made())
    } catch {
      states.delete(source)
      narrowing.forget()
    }
    log.breaksAfter = Number.POSITIVE_INFINITY
  }
  return {
    async poll(looked: Looked): Promise<void> {
      const { inventory, narrowing } = looked
      const { source } = inventory
      if (random.chance(weather.restarted)) {
        states.delete(source)
        narrowing.forget()
        run.offsetMs = run.drawOffset()
      }
      const before = states.get(source) ?? (await adoptState(inventory, log, clock, signal))
      await publish(looked, async () => {
        const after = await pollOnce(inventory, before, { log, clock, report }, signal)
        narrowing.polled(before, after)
        return after
      })
    },
    async look(looked: Looked): Promise<void> {
      const state = states.get(looked.inventory.source)
      if (state === undefined || !looked.narrowing.wanted()) return
      await publish(looked, () => looked.narrowing.look(state, signal))
    },
  }
}

function checkClaims({ world }: WeatheredWorld, index: OwnershipIndex, findings: Findings): void {
  const progress = new Map(index.sources().map(({ source, completeUpToMs }) => [source.source, completeUpToMs]))
  for (const layer of ['interface', 'instance', 'container'] as const) {
    for (const claim of index.claimsOf(layer)) {
      const span = certainSpan(claim, progress.get(claim.source) ?? Number.NEGATIVE_INFINITY)
      if (span === undefined) continue
      findings.spans++
      const otherwise = contradiction(world, claim, span)
      if (otherwise !== undefined) findings.wrong.push(otherwise)
    }
  }
}

function checkAnswers(
  { world, random, clock }: WeatheredWorld,
  index: OwnershipIndex,
  count: number,
  findings: Findings,
) {
  const addresses = world.ledger.addresses()
  for (let i = 0; i < count; i++) {
    const answer = askNearTurn(world, index, random.pick(addresses), {
      turn: random.integer(0, 1_000),
      shiftMs: random.chance(0.5) ? random.integer(-30_000, 30_000) : random.integer(-300_000, 300_000),
      lengthMs: random.chance(0.5) ? 1 : random.integer(1, 20_000),
      nowMs: clock.now(),
    })
    if (answer.state === 'owned' || answer.state === 'unowned' || answer.state === 'external') findings[answer.state]++
    const wrong = falsehood(world, answer, findings.seeableMs)
    if (wrong !== undefined) findings.wrong.push(wrong)
  }
}
