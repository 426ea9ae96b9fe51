import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openEmbeddedReader } from '../changestream/embedded/embedded-log.ts'
import type { ChangeLog } from '../changestream/port.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../ownership/ownership-index.ts'
import { systemClock } from '../runtime/clock.ts'
import { whereabouts } from './change-stream.ts'
import { cliErrors } from './errors.ts'
import { openLog } from './pipeline.ts'
import { openTopic } from './readable-topic.ts'
import { replayed } from './replayed.ts'
import type { Settings } from './settings.ts'
import { inventoriesOf, type PolledInventory } from './sources.ts'
import { createTelemetry } from './telemetry.ts'
import { VERSION } from './version.ts'

/** The change stream and some of the configured inventories, for a command that polls and ends. */
export type OneShot = {
  /** Appends nothing where it was opened to be read. */
  readonly log: ChangeLog
  readonly polled: readonly PolledInventory[]
  /** What is known; inventories look in it for what others have found. */
  readonly index: OwnershipIndex
  close(): Promise<void>
}

/**
 * Opens the stream for the sources of these names, or for all that are configured.
 * @throws WHOHAD_USAGE for a name that is not configured, and whatever opening the stream throws
 */
export async function openOneShot(
  settings: Settings,
  { sources, isReadOnly }: { readonly sources: readonly string[]; readonly isReadOnly: boolean },
): Promise<OneShot> {
  const names = configuredSources(settings)
  const strange = sources.find(source => !names.includes(source))
  if (strange !== undefined) throw notConfigured(strange, names)
  if (names.length === 0) throw cliErrors.usage({ message: 'No source is configured.' })
  // Only Titus needs to know what others found: where its interfaces are.
  const needsIndex = settings.titus.length > 0 && isThere(settings)
  const index = needsIndex ? await replayed(settings) : createOwnershipIndex()
  const { report } = createTelemetry({ level: 'error', version: VERSION })
  const polled = inventoriesOf(settings, { index, clock: systemClock, report }).filter(
    ({ inventory }) => sources.length === 0 || sources.includes(inventory.source),
  )
  const log = isReadOnly ? await openToRead(settings) : await openToWrite(settings)
  const close = async () => {
    for (const { inventory } of polled) inventory.close?.()
    await log.close()
  }
  return { log, polled, index, close }
}

/** Names of the configured sources, in the order of the configuration. */
export function configuredSources(settings: Settings): readonly string[] {
  const { report } = createTelemetry({ level: 'silent', version: VERSION })
  return inventoriesOf(settings, { index: createOwnershipIndex(), clock: systemClock, report }).map(
    ({ inventory }) => inventory.source,
  )
}

const notConfigured = (source: string, names: readonly string[]) =>
  cliErrors.usage({
    message: `No source "${source}" is configured. There ${names.length === 1 ? 'is' : 'are'}: ${names.join(', ') || 'none'}.`,
  })

const isThere = ({ kafka, data }: Settings) => kafka.brokers.length > 0 || existsSync(join(data.path, 'changes'))

async function openToRead(settings: Settings): Promise<ChangeLog> {
  const append = async () => {}
  if (settings.kafka.brokers.length > 0) return { ...(await openWholeTopic(settings)), append }
  const folder = join(settings.data.path, 'changes')
  if (existsSync(folder)) return { ...(await openEmbeddedReader(folder)), append }
  return { partitions: 1, append, read: nothing, end: async () => [0], close: async () => {} }
}

/** For Kafka the same with the store behind it, so that what retention removed is adopted too. */
export async function openToWrite(settings: Settings): Promise<ChangeLog> {
  const telemetry = createTelemetry({ level: 'error', version: VERSION })
  const written = await openLog(settings, systemClock, telemetry)
  if (settings.kafka.brokers.length === 0) return written
  try {
    const whole = await openWholeTopic(settings)
    const close = async () => {
      await whole.close()
      await written.close()
    }
    return { ...whole, append: written.append, close }
  } catch (error) {
    await written.close()
    throw error
  }
}

async function openWholeTopic(settings: Settings): Promise<Omit<ChangeLog, 'append'>> {
  const { log, missing } = await openTopic(settings)
  if (missing === undefined) return log
  await log.close()
  throw cliErrors.historyOutOfReach({ where: whereabouts(settings), ...missing })
}

async function* nothing(): AsyncGenerator<never> {}
