import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openFollowingReader } from '../changestream/follow-folder.ts'
import type { ChangeLog, DeadLetter } from '../changestream/port.ts'
import { systemClock } from '../runtime/clock.ts'
import { cliErrors } from './errors.ts'
import { type Missing, openTopic } from './readable-topic.ts'
import type { Settings } from './settings.ts'
import { say } from './terminal.ts'

/** The configured change stream to be read, also while another process writes it. */
export type ReadableStream = Pick<ChangeLog, 'partitions' | 'read' | 'end'> & {
  /** In words. */
  readonly where: string
  /** What its beginning lacks, where retention has removed it and the store cannot be read. */
  readonly missing: Missing | undefined
  close(): Promise<void>
}

/** @throws WHOHAD_NOTHING_KNOWN, WHOHAD_KAFKA_TOPIC_MISSING where there is none yet, and whatever opening it throws. */
export async function openStream(settings: Settings): Promise<ReadableStream> {
  if (settings.kafka.brokers.length > 0) {
    const { log, missing } = await openTopic(settings)
    const { partitions, read, end } = log
    return { partitions, read, end, where: whereabouts(settings), missing, close: () => log.close() }
  }
  const folder = join(settings.data.path, 'changes')
  if (!existsSync(folder)) throw cliErrors.nothingKnown({ path: settings.data.path })
  const { partitions, read, end } = await openFollowingReader(folder, systemClock)
  // What the embedded log lets go of is gone by a horizon that is in it, and what is needed of it is kept there.
  return { partitions, read, end, where: whereabouts(settings), missing: undefined, close: async () => {} }
}

export const whereabouts = ({ kafka, data }: Settings): string =>
  kafka.brokers.length > 0 ? `Kafka topic "${kafka.topic}"` : `The change stream in ${data.path}`

/** Says what is not there; false where nothing is missing. */
export function sayMissing({ where, missing }: Pick<ReadableStream, 'where' | 'missing'>): boolean {
  if (missing === undefined) return false
  say(
    `${where} begins at offset ${missing.before.join(', ')} by partition: retention has removed what was before, and it cannot be read from the store: ${missing.reason}.`,
  )
  return true
}

const TOLD_ONE_BY_ONE = 10

/** Tells of unreadable records on stderr: the first ones each, then how many there were. */
export function unreadableRecords() {
  let count = 0
  return {
    take({ partition, offset, reason }: DeadLetter): void {
      count++
      if (count <= TOLD_ONE_BY_ONE) say(`Unreadable: partition ${partition}, offset ${offset}: ${reason}`)
    },
    get count() {
      return count
    },
    sayAll(): void {
      if (count > 0) say(`${count} records of the change stream could not be read, and were passed over.`)
    },
  }
}
