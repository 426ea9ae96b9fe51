import type { Millis } from '../ownership/window.ts'
import { WhohadError } from '../runtime/errors.ts'
import { enricherErrors } from './errors.ts'
import { type FlowObjectRef, objectIdOf, objectName, partsOfKey } from './flowlogs/object-ref.ts'
import { type ObjectContext, processObject, processSettledObject } from './object.ts'
import type { ObjectResult, PassSummary } from './outcome.ts'
import { Waiting, type Waits } from './waiting.ts'

export type EnricherSettings = ObjectContext & {
  readonly list: (signal?: AbortSignal) => AsyncIterable<FlowObjectRef>
  /** Told of each object that is committed, here or elsewhere, and of each that is gone: it needs not be listed again. */
  readonly acknowledge?: ((object: FlowObjectRef) => Promise<void>) | undefined
  /** Before this instant some source has told all: of later times nobody has said everything yet. */
  readonly furthestProgressMs: () => Millis
  /** Names the bucket and prefix in logs and metrics. */
  readonly name?: string
  /** Longest time that an object waits, from when this process first saw it. */
  readonly holdCapMs: Millis
}

export type Enricher = {
  /**
   * Lists, and processes every object that is not committed and whose time has come. An object that cannot be read or
   * stored is reported and left for the next pass; only what nobody has classified is thrown.
   */
  enrichOnce(signal?: AbortSignal): Promise<PassSummary>
  /** For whom the objects of the last pass waited. */
  waits(): Waits
}

/**
 * The live enricher: one pass at a time, driven by the caller. An object that waits is unread input: what is remembered of it
 * between passes is only since when.
 */
export function createEnricher(settings: EnricherSettings): Enricher {
  const sinceMs = new Map<string, Millis>()
  const { name: place = '' } = settings
  const waiting = new Waiting(place, settings.report)
  let waits: Waits = { objects: new Map(), silent: [] }
  const context: ObjectContext = { ...settings, onOpen: (rows, sources) => waiting.open(rows, sources) }

  /** Undefined where the object waits for what the sources have not told yet. */
  const enrich = async (object: FlowObjectRef, objectId: string, signal?: AbortSignal) => {
    const { clock, report, holdCapMs, furthestProgressMs } = settings
    const nowMs = clock.now()
    const isNew = !sinceMs.has(objectId)
    const firstSeenMs = sinceMs.get(objectId) ?? nowMs
    sinceMs.set(objectId, firstSeenMs)
    const heldMs = nowMs - firstSeenMs
    const mayWait = heldMs < holdCapMs
    const newestEndMs = partsOfKey(object.key)?.newestEndMs
    // A source whose clock is fast vouches for times that are not over yet; nothing is answered of them.
    const toldMs = Math.min(furthestProgressMs(), nowMs)
    const isEarly = newestEndMs !== undefined && toldMs < newestEndMs
    const process = mayWait ? processSettledObject : processObject
    const result = mayWait && isEarly ? undefined : await process(object, context, signal)
    if (result === undefined && isEarly) waiting.early()
    if (result === undefined && isNew) report.objectHeld({ object: objectName(object) })
    if (result?.written && !mayWait && result.object.openRecords > 0) {
      const { openRecords } = result.object
      report.objectReleasedByCap({ object: objectName(object), openRecords, heldMs })
    }
    return result
  }

  return {
    async enrichOnce(signal) {
      const pass = startPass()
      try {
        const committed = await settings.store.committedObjects()
        const listed = new Set<string>()
        for await (const object of settings.list(signal)) {
          if (signal?.aborted) break
          pass.listed++
          const objectId = objectIdOf(object)
          listed.add(objectId)
          try {
            if (!committed.has(objectId)) {
              const result = await enrich(object, objectId, signal)
              if (result === undefined) {
                pass.held++
                continue
              }
              count(pass, result)
            }
            await settings.acknowledge?.(object)
          } catch (error) {
            if (signal?.aborted) break
            settings.report.objectFailed({ object: objectName(object), error: classified(error) })
            pass.failed++
            if (isGone(error)) await giveUp(object, objectId)
          }
        }
        for (const objectId of sinceMs.keys()) if (!listed.has(objectId)) sinceMs.delete(objectId)
      } catch (error) {
        pass.complete = false
        if (!signal?.aborted) settings.report.listFailed({ error: classified(error) })
      }
      const sources = await settings.view.pin(async ({ index }) => index.sources())
      waits = waiting.passed(sources, settings.clock.now())
      settings.report.passFinished({ ...pass, place, waits })
      return pass
    },
    waits: () => waits,
  }

  /** It was never read, and never will be: that is said where the lines are that could not be read. */
  async function giveUp(object: FlowObjectRef, objectId: string): Promise<void> {
    const { store, clock, acknowledge } = settings
    const letter = { place: 'line 0', reason: 'object-gone', sample: objectName(object) }
    await store.insertDeadLetters([{ origin: objectId, ...letter, atMs: clock.now() }])
    await acknowledge?.(object)
  }

  function count(pass: Pass, result: ObjectResult): void {
    sinceMs.delete(result.object.objectId)
    if (!result.written) return
    pass.committed++
    pass.records += result.object.records
    pass.skipped += result.object.skipped
    pass.deadLetters += result.object.deadLetters
    settings.report.objectCommitted(result)
  }
}

type Pass = { -readonly [Field in keyof PassSummary]: PassSummary[Field] }

const startPass = (): Pass => ({
  listed: 0,
  committed: 0,
  held: 0,
  failed: 0,
  records: 0,
  skipped: 0,
  deadLetters: 0,
  complete: true,
})

const isGone = (error: unknown): boolean =>
  error instanceof WhohadError && error.code === enricherErrors.s3ObjectMissing.code

/** An unclassified error is a defect, and passes on. */
function classified(error: unknown): WhohadError {
  if (error instanceof WhohadError) return error
  throw error
}
