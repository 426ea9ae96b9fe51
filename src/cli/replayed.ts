import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openEmbeddedReader } from '../changestream/embedded/embedded-log.ts'
import type { Position } from '../changestream/port.ts'
import { restoreIndex } from '../changestream/restore.ts'
import { replayedIndex } from '../enricher/view.ts'
import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import { checkpointPath } from './checkpoints.ts'
import { cliErrors } from './errors.ts'
import type { Settings } from './settings.ts'
import { say } from './terminal.ts'

/** An index of all that the configured change stream holds now. */
export const replayed = async (settings: Settings): Promise<OwnershipIndex> => (await replayedTo(settings)).index

/** The same, and up to where the stream was read. */
export async function replayedTo(
  settings: Settings,
): Promise<{ readonly index: OwnershipIndex; readonly position: Position }> {
  const embedded = settings.kafka.brokers.length === 0
  if (embedded && !existsSync(join(settings.data.path, 'changes'))) {
    throw cliErrors.nothingKnown({ path: settings.data.path })
  }
  // Reading beside a running whohad is welcome: it holds the folder's lock, and this needs none.
  const { log, missing } = embedded
    ? { log: await openEmbeddedReader(join(settings.data.path, 'changes')), missing: undefined }
    : await (await import('./readable-topic.ts')).openTopic(settings)
  try {
    let unreadable = 0
    const restored = await restoreIndex(checkpointPath(settings.data.path), log, {
      checkpointUnusable: warnOfCheckpoint,
    })
    if (missing && !restored)
      throw cliErrors.historyOutOfReach({ where: `Kafka topic "${settings.kafka.topic}"`, ...missing })
    const position = await log.end()
    const index = await replayedIndex(log, position, new AbortController().signal, {
      onDeadLetter: () => unreadable++,
      ...(restored && { restored }),
    })
    if (unreadable > 0) say(`${unreadable} records of the change stream could not be read, and were passed over.`)
    return { index, position }
  } finally {
    await log.close()
  }
}

const warnOfCheckpoint = ({ reason }: { readonly reason: string }): void =>
  say(`The checkpoint cannot be used, so the whole change stream is read: ${reason}`)
