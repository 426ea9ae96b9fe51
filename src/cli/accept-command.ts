import { createInterface } from 'node:readline/promises'
import { readSourceClaims } from '../changestream/adopt.ts'
import type { Progress } from '../ownership/claim.ts'
import type { Snapshot } from '../ownership/snapshot.ts'
import { adoptState, readState } from '../pollers/adopt.ts'
import { goodbye } from '../pollers/goodbye.ts'
import { type Doubt, doubtsAbout } from '../pollers/guards.ts'
import { isDoubt } from '../pollers/refusal.ts'
import { systemClock } from '../runtime/clock.ts'
import { cliErrors } from './errors.ts'
import { EXIT } from './exit-codes.ts'
import { type OneShot, openOneShot } from './one-shot.ts'
import { pollFrom, wordsOf } from './poll-command.ts'
import { printDiff } from './poll-lines.ts'
import type { Settings } from './settings.ts'
import { say } from './terminal.ts'

export type AcceptOptions = {
  readonly source: string
  /** Ask nobody. */
  readonly yes: boolean
  readonly json: boolean
  readonly signal: AbortSignal
}

/**
 * Takes a mass change that the guards refuse, once somebody has looked at it (docs/decisions/0022): lists, shows what would
 * change and what is doubted, asks, lists again under an epoch of its own, and publishes what is no worse than what was shown.
 * Exit code 0 where it is accepted or nothing is doubted any more, 1 where it was not, 5 where it was called off.
 * @throws WHOHAD_NOTHING_TO_ACCEPT
 */
export async function acceptPoll(settings: Settings, options: AcceptOptions): Promise<number> {
  const { source, signal } = options
  const shot = await openOneShot(settings, { sources: [source], isReadOnly: false })
  try {
    return await acceptFrom(shot, options)
  } catch (error) {
    if (!signal.aborted) throw error
    return EXIT.partial
  } finally {
    await shot.close()
  }
}

async function acceptFrom(shot: OneShot, { source, yes, json, signal }: AcceptOptions): Promise<number> {
  const { log } = shot
  const polled = shot.polled[0]
  if (polled === undefined) throw cliErrors.usage({ message: `No source "${source}" is configured.` })
  const { lastProgress } = await readSourceClaims(log, source, signal)
  const refused = refusalIn(source, lastProgress)
  const before = await readState(source, log, signal)
  const snapshot = await polled.inventory.list(signal)
  const doubts = doubtsAbout(before.claims.values(), snapshot, polled.guards)
  if (doubts.length === 0) {
    say(`${source}: the listing is believable again, so there is nothing to accept; its poller takes it.`)
    return EXIT.done
  }
  if (!doubts.some(({ reason }) => reason === refused.reason)) {
    const why = `the poll was refused as ${refused.reason}, and now it is doubted otherwise: ${wordsFor(doubts)}`
    throw cliErrors.nothingToAccept({ source, why })
  }
  const shown = await pollFrom(
    before,
    { ...polled, inventory: showing(polled.inventory, snapshot) },
    unwritten,
    signal,
    doubts,
  )
  if (shown === undefined) return EXIT.partial
  printDiff(before, shown.changes, json)
  say(`${source}: ${wordsFor(doubts)}. ${wordsOf(shown, true)}.`)
  if (!yes && !(await isConfirmed(`Is this what really happened in ${source}? Write "yes" to accept it: `, signal))) {
    say('Nothing was accepted.')
    return EXIT.failure
  }
  // The listing that was looked at has aged, and a poller may have gone on meanwhile: what counts is a new one.
  const adopted = await adoptState(polled.inventory, log, systemClock, signal)
  const outcome = await pollFrom(adopted, polled, log, signal, doubts)
  if (outcome === undefined) return EXIT.partial
  await log.append([goodbye(source, outcome.revision, outcome.completeUpToMs)])
  say(
    `${source}: ${outcome.refusal ? 'worse than what was accepted, and so ' : 'accepted, '}${wordsOf(outcome, false)}`,
  )
  return outcome.refusal ? EXIT.failure : EXIT.done
}

/** @throws WHOHAD_NOTHING_TO_ACCEPT where the newest poll was not refused by a guard. */
function refusalIn(source: string, progress: Progress | undefined): { readonly reason: string } {
  if (progress === undefined) throw cliErrors.nothingToAccept({ source, why: 'it was never polled' })
  const { refused } = progress
  if (refused === null) throw cliErrors.nothingToAccept({ source, why: 'its newest poll counts' })
  if (!isDoubt(refused.reason)) {
    const why = `its newest poll failed (${refused.reason}: ${refused.detail}), and no listing came whole`
    throw cliErrors.nothingToAccept({ source, why })
  }
  return refused
}

const unwritten = { append: async () => {} }

const showing = (inventory: OneShot['polled'][number]['inventory'], snapshot: Snapshot) => ({
  ...inventory,
  list: async () => snapshot,
})

const wordsFor = (doubts: readonly Doubt[]): string => doubts.map(({ detail }) => detail).join('; ')

/** @throws WHOHAD_USAGE where nobody can be asked. */
export async function isConfirmed(question: string, signal: AbortSignal): Promise<boolean> {
  if (process.stdin.isTTY !== true) {
    throw cliErrors.usage({ message: 'Nobody can be asked here. Look at what it says, then give --yes.' })
  }
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await asking.question(question, { signal })).trim().toLowerCase() === 'yes'
  } finally {
    asking.close()
  }
}
