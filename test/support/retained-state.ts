import { readSourceClaims } from '../../src/changestream/adopt.ts'
import { Fence } from '../../src/changestream/fence.ts'
import type { ChangeLog, LoggedChange } from '../../src/changestream/port.ts'
import { type Claim, supersedes } from '../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { POLL_MS, STORY_ADDRESSES, STORY_SOURCES, STORY_START_MS } from './polled-story.ts'

const never = new AbortController().signal

export async function readAll(log: Pick<ChangeLog, 'read'>): Promise<LoggedChange[]> {
  const all: LoggedChange[] = []
  for await (const batch of log.read({ follow: false, signal: never })) all.push(...batch)
  return all
}

/**
 * All that a reader makes of the log: the answers about the story, the claims that are not over, and what a poller adopts.
 * Addresses are asked at every half of a poll, or at every `apart`-th of them.
 */
export async function retainedState(log: Pick<ChangeLog, 'read'>, polls: number, apart = 1) {
  const index = createOwnershipIndex()
  const fence = new Fence()
  const horizons = new Map<string, number>()
  const newest = new Map<string, Claim>()
  for (const { change } of await readAll(log)) {
    if (fence.fencedBy(change) !== undefined) continue
    index.apply(change)
    if (change.record === 'horizon') horizons.set(change.domain, change.beforeMs)
    if (change.record !== 'claim') continue
    const held = newest.get(change.id)
    if (!held || supersedes(change, held)) newest.set(change.id, change)
  }
  const answers = STORY_SOURCES.flatMap(({ domain }) =>
    STORY_ADDRESSES.flatMap(ip =>
      Array.from({ length: Math.ceil((polls * 2) / apart) }, (_, i) => {
        const fromMs = STORY_START_MS + (i * apart * POLL_MS) / 2
        return index.ask({ domain, ip, fromMs, untilMs: fromMs + 1, nowMs: STORY_START_MS + polls * POLL_MS })
      }),
    ),
  )
  const isOver = ({ domain, end }: Claim) => end.latestMs <= (horizons.get(domain) ?? Number.NEGATIVE_INFINITY)
  const claims = [...newest.values()].filter(claim => !isOver(claim)).toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const adopted = []
  for (const { source } of STORY_SOURCES) {
    const { claims: open, incumbent: _, ...rest } = await readSourceClaims(log as ChangeLog, source, never)
    adopted.push({ ...rest, open: open.toSorted((a, b) => (a.id < b.id ? -1 : 1)) })
  }
  return { answers, claims, adopted, horizons: [...horizons].toSorted() }
}
