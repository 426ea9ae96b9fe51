import type { Millis } from '../ownership/window.ts'
import { WhohadError } from '../runtime/errors.ts'
import { ticks } from '../runtime/ticks.ts'
import { type FlowObjectRef, objectIdOf, objectName, partsOfKey } from './flowlogs/object-ref.ts'
import { isNoFlowLog, readFlowLog } from './flowlogs/read.ts'
import { type ObjectContext, processObject } from './object.ts'
import type { ObjectResult, PassSummary } from './outcome.ts'

export type EnricherSettings = ObjectContext & {
  readonly list: (signal?: AbortSignal) => AsyncIterable<FlowObjectRef>
  /** Least instant up to which all sources concerned vouch; undefined while one has not finished its first poll. */
  readonly watermark: () => Millis | undefined
  /** Longest time that an object waits for the watermark, from when this process first saw it. */
  readonly holdCapMs: Millis
}

export type Enricher = {
  /**
   * Lists, and processes every object that is not committed and whose time has come. An object that cannot be read or
   * stored is reported and left for the next pass; only what nobody has classified is thrown.
   */
  enrichOnce(signal?: AbortSignal): Promise<PassSummary>
}

type Waiting = { readonly newestEndMs: Millis; readonly sinceMs: Millis }

/** The live enricher: one pass at a time, driven by the caller. What it remembers between passes is only who waits. */
export function createEnricher(settings: EnricherSettings): Enricher {
  const waiting = new Map<string, Waiting>()

  const isDue = async (object: FlowObjectRef, objectId: string, signal?: AbortSignal): Promise<boolean> => {
    const { clock, report, holdCapMs } = settings
    const known = waiting.get(objectId)
    const held = known ?? {
      newestEndMs: partsOfKey(object.key)?.newestEndMs ?? (await newestEndOf(object, settings, signal)),
      sinceMs: clock.now(),
    }
    const watermarkMs = settings.watermark()
    // A source whose clock is fast vouches for times that are not over yet; nothing is answered of them.
    if (watermarkMs !== undefined && Math.min(watermarkMs, clock.now()) >= held.newestEndMs) return true
    const name = objectName(object)
    const heldMs = clock.now() - held.sinceMs
    if (heldMs >= holdCapMs) {
      report.objectReleasedByCap({ object: name, newestEndMs: held.newestEndMs, heldMs })
      return true
    }
    waiting.set(objectId, held)
    if (known === undefined) {
      report.objectHeld({ object: name, newestEndMs: held.newestEndMs, watermarkMs: watermarkMs ?? null })
    }
    return false
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
          if (committed.has(objectId)) continue
          try {
            if (await isDue(object, objectId, signal)) count(pass, await processObject(object, settings, signal))
            else pass.held++
          } catch (error) {
            if (signal?.aborted) break
            settings.report.objectFailed({ object: objectName(object), error: classified(error) })
            pass.failed++
          }
        }
        for (const objectId of waiting.keys()) if (!listed.has(objectId)) waiting.delete(objectId)
      } catch (error) {
        pass.complete = false
        if (!signal?.aborted) settings.report.listFailed({ error: classified(error) })
      }
      settings.report.passFinished(pass)
      return pass
    },
  }

  function count(pass: Pass, result: ObjectResult): void {
    waiting.delete(result.object.objectId)
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

/** An unclassified error is a defect, and passes on. */
function classified(error: unknown): WhohadError {
  if (error instanceof WhohadError) return error
  throw error
}

/** End of the newest record in an object whose key does not tell: it is read once for that, before it is read to be joined. */
async function newestEndOf(object: FlowObjectRef, settings: EnricherSettings, signal?: AbortSignal): Promise<Millis> {
  let newestEndMs = Number.NEGATIVE_INFINITY
  try {
    const bytes = await settings.open(object, signal)
    for await (const { lines } of readFlowLog(bytes, { name: objectName(object), format: settings.format })) {
      for (const line of lines) {
        const endMs = line.kind === 'flow' && line.endSeconds !== undefined ? (line.endSeconds + 1) * 1000 : 0
        if (endMs > newestEndMs) newestEndMs = endMs
      }
    }
  } catch (error) {
    // An object that is no flow log holds nothing that could be early: processing it says what is wrong.
    if (!isNoFlowLog(error)) throw error
  }
  return newestEndMs
}

/** Passes over the listing, one every `intervalMs`, until the signal. A pass in hand is finished or left repeatable. */
export async function runEnricher(
  settings: EnricherSettings & { readonly intervalMs: Millis },
  signal: AbortSignal,
): Promise<void> {
  const enricher = createEnricher(settings)
  for await (const _ of ticks(settings.clock, settings.intervalMs, signal)) await enricher.enrichOnce(signal)
}
