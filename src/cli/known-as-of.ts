import type { KnowAsOf, KnownThen } from '../api/answering.ts'
import { hasReached, type Position } from '../changestream/port.ts'
import { reasonOf } from '../runtime/errors.ts'
import { cliErrors } from './errors.ts'
import { replayedAsOf } from './replayed.ts'
import type { Settings } from './settings.ts'

/** What was known at an earlier moment, where no server is asked. An ownership bundle does not tell. */
export const knowAsOfIn = (settings: Settings, claims: string | undefined): KnowAsOf =>
  claims === undefined
    ? (domain, ips, asOfMs) => knownAsOf(settings, domain, ips, asOfMs)
    : () => Promise.reject(cliErrors.bundleWithoutPast({ claims }))

/** From the change stream, which may be written meanwhile; from the store where retention has let go of what was known then. */
async function knownAsOf(settings: Settings, ...[domain, ips, asOfMs]: Parameters<KnowAsOf>): Promise<KnownThen> {
  const { index, position, isWhole } = await replayedAsOf(settings, asOfMs)
  if (isWhole) return index
  try {
    return await fromStore(settings, position, know => know(domain, ips, asOfMs))
  } catch (cause) {
    const asOf = new Date(asOfMs).toISOString()
    throw cliErrors.pastOutOfReach({ asOf, reason: reasonOf(cause) }, cause)
  }
}

async function fromStore<T>(settings: Settings, upTo: Position, look: (know: KnowAsOf) => Promise<T>): Promise<T> {
  // Loaded where it is needed: the engine takes longer than most questions.
  const [{ knowingAsOf }, { existingStore }] = await Promise.all([
    import('../api/as-of.ts'),
    import('./existing-store.ts'),
  ])
  const store = await existingStore(settings)
  if (store === undefined) throw new Error(`${settings.data.path} holds no store`)
  try {
    const end = await store.changesEnd()
    if (!hasReached(end, upTo))
      throw new Error(`the store ends at offset ${end.join(', ') || '0'}, before ${upTo.join(', ')}`)
    return await look(knowingAsOf({ store, settled: async () => {} }))
  } finally {
    await store.close()
  }
}
