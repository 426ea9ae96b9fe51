import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openFollowingReader } from '../changestream/follow-folder.ts'
import type { ChangeLog, DeadLetter } from '../changestream/port.ts'
import { systemClock } from '../runtime/clock.ts'
import { cliErrors } from './errors.ts'
import { openLog } from './pipeline.ts'
import type { Settings } from './settings.ts'
import { createTelemetry } from './telemetry.ts'
import { say } from './terminal.ts'
import { VERSION } from './version.ts'

/** The configured change stream to be read, also while another process writes it. */
export type ReadableStream = Pick<ChangeLog, 'partitions' | 'read' | 'end'> & {
  /** In words. */
  readonly where: string
  /** Where history is missing at its beginning that only the store has: its first offset by partition. */
  missingBefore(): Promise<readonly number[] | undefined>
  close(): Promise<void>
}

/** @throws WHOHAD_NOTHING_KNOWN where there is none yet, and whatever opening it throws. */
export async function openStream(settings: Settings): Promise<ReadableStream> {
  if (settings.kafka.brokers.length > 0) {
    const log = await openLog(settings, systemClock, createTelemetry({ level: 'error', version: VERSION }))
    const { partitions, read, end } = log
    const missingBefore = async () => {
      const start = (await log.start?.()) ?? []
      return start.some(offset => offset > 0) ? start : undefined
    }
    return { partitions, read, end, where: whereabouts(settings), missingBefore, close: () => log.close() }
  }
  const folder = join(settings.data.path, 'changes')
  if (!existsSync(folder)) throw cliErrors.nothingKnown({ path: settings.data.path })
  const { partitions, read, end } = await openFollowingReader(folder, systemClock)
  // What the embedded log lets go of is gone by a horizon that is in it, and what is needed of it is kept there.
  const missingBefore = async () => undefined
  return { partitions, read, end, where: whereabouts(settings), missingBefore, close: async () => {} }
}

export const whereabouts = ({ kafka, data }: Settings): string =>
  kafka.brokers.length > 0 ? `Kafka topic "${kafka.topic}"` : `The change stream in ${data.path}`

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
