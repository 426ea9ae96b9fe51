import { parseTime } from '../api/time.ts'
import { readSourceClaims } from '../changestream/adopt.ts'
import type { SourceRecord } from '../ownership/claim.ts'
import { systemClock } from '../runtime/clock.ts'
import { isConfirmed } from './accept-command.ts'
import { timeOf } from './change-words.ts'
import { cliErrors } from './errors.ts'
import { EXIT } from './exit-codes.ts'
import { configuredSources, openToWrite } from './one-shot.ts'
import { readSourceLives } from './read-source-lives.ts'
import type { Settings } from './settings.ts'
import { healthOf, healthWords } from './source-health.ts'
import { tableFor } from './table.ts'
import { isTerminal, print, say } from './terminal.ts'

/** Prints every source of the change stream. Exit code 0, or 5 where it was called off. */
export async function listSources(
  settings: Settings,
  { json, signal }: { readonly json: boolean; readonly signal: AbortSignal },
): Promise<number> {
  const lives = await readSourceLives(settings, signal)
  const configured = configuredSources(settings)
  const table = tableFor(process.stdout, ['source', 'epoch', 'blocks', 'since', 'configured', 'state'], [])
  for (const { source, record, epoch, complete, refused = null } of lives.all()) {
    if (record === undefined) continue
    const view = { source: record, completeUpToMs: complete?.completeUpToMs, refused }
    const health = healthOf(view, systemClock.now())
    const isConfigured = configured.includes(source)
    const since = timeOf(record.validity.fromMs)
    table.push([source, epoch, record.scope.length, since, isConfigured ? 'yes' : 'no', healthWords(health)])
    if (!isTerminal() || json)
      print(JSON.stringify({ ...health, epoch, since, isConfigured, blocks: record.scope.length }))
  }
  if (isTerminal() && !json) print(table.toString())
  return signal.aborted ? EXIT.partial : EXIT.done
}

export type RemoveOptions = {
  readonly source: string
  /** As of when it watches no more; now where it is left out. */
  readonly at?: string | undefined
  readonly yes: boolean
  readonly signal: AbortSignal
}

/**
 * Writes the dated record that a source is removed, under an epoch that fences its poller off. Not before what it has vouched
 * for: answers about that are final.
 * @throws WHOHAD_SOURCE_UNKNOWN, WHOHAD_USAGE
 */
export async function removeSource(settings: Settings, { source, at, yes, signal }: RemoveOptions): Promise<number> {
  const nowMs = systemClock.now()
  const atMs = at === undefined ? nowMs : parseTime(at, nowMs)
  const log = await openToWrite(settings)
  try {
    const { epoch, sourceRecord, lastProgress } = await readSourceClaims(log, source, signal)
    if (sourceRecord === undefined) throw cliErrors.sourceUnknown({ source })
    const { validity } = sourceRecord
    if (validity.untilMs !== Number.POSITIVE_INFINITY) {
      say(`${source} was removed as of ${timeOf(validity.untilMs)} already.`)
      return EXIT.done
    }
    const leastMs = Math.max(validity.fromMs, lastProgress?.completeUpToMs ?? Number.NEGATIVE_INFINITY)
    if (atMs < leastMs || atMs > nowMs) throw outOfPlace(source, atMs, leastMs, nowMs)
    if (configuredSources(settings).includes(source))
      say(`${source} is still configured: take it out, or its poller cannot take over again.`)
    const question = `Remove ${source} as of ${timeOf(atMs)}, for good? Its name is not used again. Write "yes": `
    if (!yes && !(await isConfirmed(question, signal))) {
      say('Nothing was removed.')
      return EXIT.failure
    }
    const removed: SourceRecord = {
      ...sourceRecord,
      revision: { epoch: epoch + 1, sequence: 0 },
      validity: { ...validity, untilMs: atMs },
    }
    await log.append([removed])
    say(`${source} is removed as of ${timeOf(atMs)}.`)
    return EXIT.done
  } finally {
    await log.close()
  }
}

function outOfPlace(source: string, atMs: number, leastMs: number, nowMs: number) {
  const message =
    atMs > nowMs
      ? `${timeOf(atMs)} is still to come; remove ${source} then.`
      : `${source} has vouched for all up to ${timeOf(leastMs)}, and answers about that are final; give a time from then on with --at.`
  return cliErrors.usage({ message })
}
