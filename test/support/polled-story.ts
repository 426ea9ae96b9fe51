import { toIp } from '../../src/ownership/address.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { hostPrefix, type Prefix } from '../../src/ownership/prefix.ts'
import type { Binding, Snapshot } from '../../src/ownership/snapshot.ts'
import { type DiffContext, diffSnapshot, type SourceState } from '../../src/ownership/snapshot-diff.ts'
import { ownerOf } from './changes.ts'

/** What the polls of one minute append, and when. */
export type StoryPoll = { readonly atMs: number; readonly changes: readonly Change[] }

export const STORY_START_MS = Date.UTC(2026, 0, 1)
export const POLL_MS = 60_000
export const STORY_SOURCES = [
  { source: 'ec2/one', domain: 'vpc-1' },
  { source: 'ec2/two', domain: 'vpc-2' },
] as const
export const STORY_ADDRESSES = Array.from(
  { length: 9 },
  (_, i) => toIp(`10.0.0.${i + 1}`) as NonNullable<ReturnType<typeof toIp>>,
)

/**
 * Who holds the address at a poll, or nobody: the first address is never given up, the others change hands now and then, a
 * poll or two in between; the last belongs to one resource that leaves it and comes back.
 */
function holderAt(address: number, poll: number): { name: string; lifetimeId: string | null } | undefined {
  if (address === 0) return { name: 'eternal', lifetimeId: 'life-0' }
  if (address === STORY_ADDRESSES.length - 1)
    return poll % 7 < 5 ? { name: 'comes-back', lifetimeId: 'life-x' } : undefined
  const term = Math.floor((poll + 3 * address) / (4 + address))
  const isGap = (poll + 3 * address) % (4 + address) < term % 3
  return isGap
    ? undefined
    : { name: `app-${(term * 7 + address) % 5}`, lifetimeId: term % 2 ? `life-${address}-${term}` : null }
}

export const STORY_BOUNDS = {
  lagMs: 5_000,
  clockErrorMs: 500,
  bridgeMs: 0,
  briefestHoldingMs: 0,
  longestGapMs: 180_000,
} as const

/** What a poll of a source of the story shows. */
export function storySnapshot(sourceNumber: number, poll: number): Snapshot {
  const atMs = STORY_START_MS + poll * POLL_MS
  const domain = STORY_SOURCES[sourceNumber]?.domain ?? ''
  const sighting = { sentAtMs: atMs, receivedAtMs: atMs + 2_000 }
  return {
    sighting,
    bindings: STORY_ADDRESSES.flatMap((ip, address) =>
      bindingOf(ip, holderAt(address, poll + sourceNumber), domain, sighting),
    ),
    scope: [{ domain, prefix: '10.0.0.0/24' as Prefix, layers: ['instance'] as const }],
  }
}

/** Polls of two sources, one a minute each. Half way through, both sources have a new poller, who takes the next epoch. */
export function polledStory(polls: number): readonly StoryPoll[] {
  const story: StoryPoll[] = []
  const contexts = STORY_SOURCES.map(
    ({ source }): DiffContext => ({
      source,
      kind: 'ec2',
      bounds: STORY_BOUNDS,
      identify: key => key,
    }),
  )
  const states = contexts.map(
    (): SourceState => ({
      epoch: 1,
      sequence: 0,
      completeUpToMs: null,
      addresses: 0,
      claims: new Map(),
      record: null,
    }),
  )
  for (let poll = 0; poll < polls; poll++) {
    const atMs = STORY_START_MS + poll * POLL_MS
    const appended: Change[] = []
    for (const i of STORY_SOURCES.keys()) {
      const state = states[i] as SourceState
      const isTakeover = poll === Math.floor(polls / 2) && state.record !== null
      const taken = isTakeover ? { ...state, epoch: 2, sequence: 0 } : state
      const registration = isTakeover && state.record ? [{ ...state.record, revision: { epoch: 2, sequence: 0 } }] : []
      const { changes, next } = diffSnapshot(taken, storySnapshot(i, poll), contexts[i] as DiffContext)
      states[i] = next
      appended.push(...registration, ...changes)
    }
    story.push({ atMs: atMs + 3_000, changes: appended })
  }
  return story
}

function bindingOf(
  ip: (typeof STORY_ADDRESSES)[number],
  holder: ReturnType<typeof holderAt>,
  domain: string,
  sighting: Binding['sighting'],
): readonly Binding[] {
  if (holder === undefined) return []
  const { name, lifetimeId } = holder
  const owners = [ownerOf(name)]
  return [
    {
      domain,
      prefix: hostPrefix(ip),
      ports: null,
      layer: 'instance',
      owners,
      lifetimeId,
      state: 'held',
      sighting,
      stated: [],
      expects: [],
      whole: false,
    },
  ]
}
