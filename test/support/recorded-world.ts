import { gunzipSync, gzipSync } from 'node:zlib'
import { simulatedSettings } from '../../src/cli/demo-settings.ts'
import { loadSettings, type Settings } from '../../src/cli/settings.ts'
import { inventoriesOf } from '../../src/cli/sources.ts'
import { createTelemetry } from '../../src/cli/telemetry.ts'
import { partsOfKey } from '../../src/enricher/flowlogs/object-ref.ts'
import type { Change, Claim } from '../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { SourceState } from '../../src/ownership/snapshot-diff.ts'
import { adoptState } from '../../src/pollers/adopt.ts'
import { pollOnce } from '../../src/pollers/poll.ts'
import type { Random } from '../../src/simulator/random.ts'
import { memoryLog } from './enricher-bench.ts'
import { bytesOf, keysOf, MINUTE_MS, START_MS, s3ClientOf, startSmallCloud } from './simulator.ts'

export type RecordedObject = {
  readonly key: string
  readonly bytes: Buffer
  /** The end of the window that its name says. */
  readonly untilMs: number
}

/** What the real pollers published of a simulated cloud, poll by poll, and the flow log objects that it wrote meanwhile. */
export type RecordedWorld = {
  readonly polls: readonly (readonly Change[])[]
  readonly objects: readonly RecordedObject[]
  readonly domains: Settings['domains']
  readonly region: string
}

/** Lines of one object: many small ones give more places for something to happen between two. */
const LINES_AN_OBJECT = 40
const never = new AbortController().signal
const credentials = { accessKeyId: 'SIMULATED', secretAccessKey: 'simulated' }

export async function recordedWorld(seed: number, minutes: number): Promise<RecordedWorld> {
  const cloud = await startSmallCloud({ seed, connectionsPerMinute: 40 })
  const settings = simulatedSettings(loadSettings({}), cloud)
  const { clock } = cloud
  const { report } = createTelemetry({ level: 'silent', version: 'test' })
  const index = createOwnershipIndex()
  const inventories = inventoriesOf(settings, { index, clock, report, credentials })
  const { append, ...log } = memoryLog()
  const polls: (readonly Change[])[] = []
  const noted = {
    ...log,
    async append(changes: readonly Change[]) {
      await append(changes)
      for (const change of changes) index.apply(change)
      if (changes.length > 0) polls.push(changes)
    },
  }
  try {
    const states = new Map<string, SourceState>()
    for (let minute = 0; minute < minutes; minute++) {
      cloud.advanceTo(START_MS + minute * MINUTE_MS)
      for (const { inventory } of inventories) {
        const before = states.get(inventory.source) ?? (await adoptState(inventory, noted, clock, never))
        states.set(inventory.source, await pollOnce(inventory, before, { log: noted, clock, report }, never))
      }
    }
    const client = s3ClientOf(cloud)
    const objects: RecordedObject[] = []
    for (const key of await keysOf(cloud, client)) objects.push(...inParts(key, await bytesOf(cloud, client, key)))
    return { polls, objects, domains: settings.domains, region: cloud.region }
  } finally {
    for (const { inventory } of inventories) inventory.close?.()
    await cloud.close()
  }
}

/** The object as several, each with the header. Every seventh has a line that is none. */
function inParts(key: string, gzipped: Buffer): readonly RecordedObject[] {
  const [header = '', ...lines] = gunzipSync(gzipped).toString().trimEnd().split('\n')
  const untilMs = partsOfKey(key)?.newestEndMs ?? 0
  return Array.from({ length: Math.ceil(lines.length / LINES_AN_OBJECT) }, (_, part) => {
    const some = lines.slice(part * LINES_AN_OBJECT, (part + 1) * LINES_AN_OBJECT)
    const broken = part % 7 === 3 ? ['5 cut off'] : []
    const bytes = gzipSync([header, ...some, ...broken, ''].join('\n'))
    return { key: key.replace(/\.log\.gz$/, `-${part}.log.gz`), bytes, untilMs }
  })
}

/** What is told at one time: changes, and objects that can be seen from then on. */
export type Step = { readonly changes: readonly Change[]; readonly objects: readonly RecordedObject[] }

/** Steps after which a claim that was told wrongly is set right: what it is about has been answered by then. */
const SET_RIGHT_AFTER = 3
const LATER_REVISION = 1_000_000

/**
 * The world told in `count` steps and some more. Of the claims that have a name some are told under another one at first, and
 * some not at all; they are set right long after. An object is seen a step before the
 * sources have told all about it, or a little later.
 */
export function toldInSteps({ polls, objects }: RecordedWorld, count: number, random: Random): readonly Step[] {
  const fates = new Map<string, 'misnamed' | 'withheld' | 'as it was'>()
  const first = new Map<string, number>()
  const newest = new Map<string, Claim>()
  const pollsAStep = Math.ceil(polls.length / count)
  const tell = (change: Change, step: number): readonly Change[] => {
    if (change.record !== 'claim' || !change.owners[0]?.application) return [change]
    const { id } = change
    const fate = fates.get(id) ?? fateOf(random)
    fates.set(id, fate)
    if (fate === 'as it was') return [change]
    newest.set(id, change)
    first.set(id, first.get(id) ?? step)
    if (step >= (first.get(id) ?? 0) + SET_RIGHT_AFTER) return [setRight(change)]
    return fate === 'misnamed' ? [misnamed(change)] : []
  }
  const steps = Array.from({ length: count + SET_RIGHT_AFTER }, (_, step) => {
    const some = polls.slice(step * pollsAStep, (step + 1) * pollsAStep).flat()
    const told = some.flatMap(change => tell(change, step))
    const due = [...newest.values()].filter(({ id }) => first.get(id) === step - SET_RIGHT_AFTER)
    return [...told, ...due.map(setRight)]
  })
  const toldUntilMs = (step: number) =>
    step >= count - 1
      ? Number.POSITIVE_INFINITY
      : Math.max(
          ...steps
            .slice(0, step + 1)
            .flat()
            .map(vouchedMs),
        )
  const seenAt = ({ untilMs }: RecordedObject, place: number) =>
    Math.min(steps.findIndex((_, step) => toldUntilMs(step + 1) >= untilMs) + (place % Math.ceil(count / 3)), count)
  return steps.map((changes, step) => ({
    changes,
    objects: objects.filter((object, place) => seenAt(object, place) === step),
  }))
}

const fateOf = (random: Random) => {
  const drawn = random.next()
  return drawn < 0.25 ? 'misnamed' : drawn < 0.35 ? 'withheld' : 'as it was'
}

const misnamed = (claim: Claim): Claim => ({
  ...claim,
  owners: claim.owners.map(owner => ({ ...owner, application: `not ${owner.application}` })),
})

const setRight = (claim: Claim): Claim => ({
  ...claim,
  revision: { ...claim.revision, sequence: claim.revision.sequence + LATER_REVISION },
})

const vouchedMs = (change: Change): number =>
  change.record === 'progress' && change.refused === null ? change.completeUpToMs : Number.NEGATIVE_INFINITY
