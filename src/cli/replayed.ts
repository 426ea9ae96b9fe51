import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openEmbeddedReader } from '../changestream/embedded/embedded-log.ts'
import type { ChangeLog, Position } from '../changestream/port.ts'
import { type ReadAsOf, readAsOf } from '../changestream/read-as-of.ts'
import { restoreIndex } from '../changestream/restore.ts'
import { replayedIndex } from '../enricher/view.ts'
import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import type { Millis } from '../ownership/window.ts'
import { checkpointPath } from './checkpoints.ts'
import { cliErrors } from './errors.ts'
import type { Missing } from './readable-topic.ts'
import type { Settings } from './settings.ts'
import { say } from './terminal.ts'

/** An index of all that the configured change stream holds now. */
export const replayed = async (settings: Settings): Promise<OwnershipIndex> => (await replayedTo(settings)).index

/** The same, and up to where the stream was read. */
export function replayedTo(
  settings: Settings,
): Promise<{ readonly index: OwnershipIndex; readonly position: Position }> {
  return withStream(settings, async (log, missing) => {
    const restored = await restoreIndex(checkpointPath(settings.data.path), log, {
      checkpointUnusable: warnOfCheckpoint,
    })
    if (missing && !restored) throw outOfReach(settings, missing)
    const position = await log.end()
    const index = await tellingUnreadable(onDeadLetter =>
      replayedIndex(log, position, new AbortController().signal, { onDeadLetter, ...(restored && { restored }) }),
    )
    return { index, position }
  })
}

/** What the configured change stream held at an earlier moment of its own clock. */
export const replayedAsOf = (settings: Settings, asOfMs: Millis): Promise<ReadAsOf> =>
  withStream(settings, (log, missing) => {
    if (missing) throw outOfReach(settings, missing)
    const { signal } = new AbortController()
    return tellingUnreadable(onDeadLetter => readAsOf(log, asOfMs, { signal, onDeadLetter }))
  })

type Readable = Omit<ChangeLog, 'append'>

async function withStream<T>(
  settings: Settings,
  work: (log: Readable, missing: Missing | undefined) => Promise<T>,
): Promise<T> {
  const embedded = settings.kafka.brokers.length === 0
  if (embedded && !existsSync(join(settings.data.path, 'changes'))) {
    throw cliErrors.nothingKnown({ path: settings.data.path })
  }
  // Reading beside a running whohad is welcome: it holds the folder's lock, and this needs none.
  const { log, missing } = embedded
    ? { log: await openEmbeddedReader(join(settings.data.path, 'changes')), missing: undefined }
    : await (await import('./readable-topic.ts')).openTopic(settings)
  try {
    return await work(log, missing)
  } finally {
    await log.close()
  }
}

async function tellingUnreadable<T>(read: (onDeadLetter: () => void) => Promise<T>): Promise<T> {
  let unreadable = 0
  const result = await read(() => unreadable++)
  if (unreadable > 0) say(`${unreadable} records of the change stream could not be read, and were passed over.`)
  return result
}

const outOfReach = ({ kafka }: Settings, missing: Missing) =>
  cliErrors.historyOutOfReach({ where: `Kafka topic "${kafka.topic}"`, ...missing })

const warnOfCheckpoint = ({ reason }: { readonly reason: string }): void =>
  say(`The checkpoint cannot be used, so the whole change stream is read: ${reason}`)
