import type { ChangeLog } from '../changestream/port.ts'
import type { Change } from '../ownership/claim.ts'
import type { SourceState } from '../ownership/snapshot-diff.ts'
import { adoptState, readState } from '../pollers/adopt.ts'
import { goodbye } from '../pollers/goodbye.ts'
import type { Doubt } from '../pollers/guards.ts'
import { type PollerParts, pollOnce } from '../pollers/poll.ts'
import { mendOf, type Refusal } from '../pollers/refusal.ts'
import { systemClock } from '../runtime/clock.ts'
import { timeOf } from './change-words.ts'
import { EXIT } from './exit-codes.ts'
import { openOneShot } from './one-shot.ts'
import { pollBar } from './poll-bar.ts'
import { printDiff } from './poll-lines.ts'
import type { Settings } from './settings.ts'
import type { PolledInventory } from './sources.ts'
import { say } from './terminal.ts'

export type PollOptions = {
  /** All that are configured where it is empty. */
  readonly sources: readonly string[]
  /** List and compare, write nothing. */
  readonly isDry: boolean
  readonly json: boolean
  readonly signal: AbortSignal
}

/**
 * Polls each source once, one after the other, under an epoch of its own, and prints what that changes. Exit code 0 where every
 * poll counts, 5 where some do or it was called off; where none does 4 if nothing could be reached, else 1.
 */
export async function poll(settings: Settings, { sources, isDry, json, signal }: PollOptions): Promise<number> {
  const { log, polled, index, close } = await openOneShot(settings, { sources, isReadOnly: isDry })
  const outcomes: Outcome[] = []
  // A later inventory may need what an earlier one found.
  const append = async (changes: readonly Change[]) => {
    await log.append(changes)
    for (const change of changes) index.apply(change)
  }
  try {
    for (const one of polled) {
      if (signal.aborted) break
      const { source } = one.inventory
      const before = isDry
        ? await readState(source, log, signal)
        : await adoptState(one.inventory, log, systemClock, signal)
      const outcome = await pollFrom(before, one, { append }, signal)
      if (outcome === undefined) break
      if (!isDry) await log.append([goodbye(source, outcome.revision, outcome.completeUpToMs)])
      printDiff(before, outcome.changes, json)
      say(`${source}: ${wordsOf(outcome, isDry)}`)
      if (outcome.refusal) say(mendOf(source, outcome.refusal.reason))
      outcomes.push(outcome)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await close()
  }
  return exitCode(outcomes, signal)
}

export type Outcome = {
  /** What was, or with a dry run would have been, written. */
  readonly changes: readonly Change[]
  readonly refusal: Refusal | undefined
  readonly completeUpToMs: number
  readonly revision: { readonly epoch: number; readonly sequence: number }
}

/** One poll from a state on, with a bar; undefined where it was called off. */
export async function pollFrom(
  before: SourceState,
  { inventory, guards }: Pick<PolledInventory, 'inventory' | 'guards'>,
  log: Pick<ChangeLog, 'append'>,
  signal: AbortSignal,
  accepted: readonly Doubt[] = [],
): Promise<Outcome | undefined> {
  const changes: Change[] = []
  let refusal: Refusal | undefined
  const bar = pollBar(inventory.source, before)
  const parts: PollerParts = {
    log: {
      async append(some) {
        await log.append(some)
        changes.push(...some)
      },
    },
    clock: systemClock,
    report: {
      pollCompleted: () => {},
      pollRefused: ({ reason, detail }) => {
        refusal = { reason, detail }
      },
      publishFailed: () => {},
      adoptFailed: () => {},
    },
    guards,
    accepted,
    onPage: bar.onPage,
  }
  try {
    const after = await pollOnce(inventory, before, parts, signal)
    if (after === before) return undefined
    const { epoch, sequence, completeUpToMs } = after
    const upToMs = completeUpToMs ?? Number.NEGATIVE_INFINITY
    return { changes, refusal, completeUpToMs: upToMs, revision: { epoch, sequence } }
  } finally {
    bar.end()
  }
}

export function wordsOf({ refusal, changes, completeUpToMs }: Outcome, isDry: boolean): string {
  if (refusal) return `refused: ${refusal.reason}: ${refusal.detail}`
  const changed = changes.filter(({ record }) => record === 'claim').length
  const many = `${changed.toLocaleString('en-US')} ${changed === 1 ? 'claim' : 'claims'}`
  return isDry
    ? `${many} would change; nothing was written`
    : `complete up to ${timeOf(completeUpToMs)}, ${many} changed`
}

function exitCode(outcomes: readonly Outcome[], signal: AbortSignal): number {
  const refused = outcomes.flatMap(({ refusal }) => (refusal ? [refusal.reason] : []))
  if (signal.aborted || (refused.length > 0 && refused.length < outcomes.length)) return EXIT.partial
  if (refused.length === 0) return EXIT.done
  return refused.every(reason => reason === 'unreachable') ? EXIT.unreachable : EXIT.failure
}
