import { type FlowObjectRef, objectName } from '../enricher/flowlogs/object-ref.ts'
import type { EnricherReport } from '../enricher/report.ts'
import type { Inventory } from '../pollers/inventory.ts'
import type { PollReport } from '../pollers/report.ts'
import { reasonOf } from '../runtime/errors.ts'
import type { Span, Tracer } from '../runtime/tracer.ts'

/** The spans of works that are under way, each by its name; one that begins anew takes the place of the one before. */
class Running {
  private readonly tracer: Tracer
  private readonly spans = new Map<string, Span>()

  constructor(tracer: Tracer) {
    this.tracer = tracer
  }

  begin(name: string, work: string): void {
    this.spans.set(work, this.tracer.begin(name, { kind: 'internal' }))
  }

  end(work: string, attributes: Parameters<Span['set']>[0], failure?: string): void {
    const span = this.spans.get(work)
    this.spans.delete(work)
    span?.set(attributes)
    span?.end(failure)
  }
}

/** A span for each poll of the inventory: from its first request until its changes are in the stream, or it was refused. */
export function tracedPolls<Report extends PollReport>(
  inventory: Inventory,
  report: Report,
  tracer: Tracer | undefined,
): { readonly inventory: Inventory; readonly report: Report } {
  if (tracer === undefined) return { inventory, report }
  const running = new Running(tracer)
  const { source, kind, bounds } = inventory
  const about = { 'whohad.source': source, 'whohad.inventory': kind }
  return {
    inventory: {
      source,
      kind,
      bounds,
      close: () => inventory.close?.(),
      list(signal, onPage) {
        running.begin('poll', source)
        return inventory.list(signal, onPage)
      },
    },
    report: {
      ...report,
      pollCompleted(d) {
        running.end(source, { ...about, 'whohad.addresses': d.bindings, 'whohad.changed': d.changed })
        report.pollCompleted(d)
      },
      pollRefused(d) {
        running.end(source, about, d.reason)
        report.pollRefused(d)
      },
      publishFailed(d) {
        running.end(source, about, reasonOf(d.cause))
        report.publishFailed(d)
      },
    },
  }
}

type Open<Opened> = (object: FlowObjectRef, signal?: AbortSignal) => Promise<Opened>

/** A span for each object that is enriched: from when it was last opened until it is committed, or cannot be. One that waits has none. */
export function tracedObjects<Opened, Report extends EnricherReport>(
  open: Open<Opened>,
  report: Report,
  tracer: Tracer | undefined,
): { readonly open: Open<Opened>; readonly report: Report } {
  if (tracer === undefined) return { open, report }
  const running = new Running(tracer)
  const about = (object: string) => ({ 'whohad.object': object })
  return {
    open(object, signal) {
      running.begin('enrich object', objectName(object))
      return open(object, signal)
    },
    report: {
      ...report,
      objectCommitted(d) {
        const { records, deadLetters, generation } = d.object
        const name = objectName(d.object)
        const counts = {
          'whohad.records': records,
          'whohad.dead_letters': deadLetters,
          'whohad.generation': generation,
        }
        running.end(name, { ...about(name), ...counts })
        report.objectCommitted(d)
      },
      objectRefused(d) {
        running.end(d.object, about(d.object), d.error.code)
        report.objectRefused(d)
      },
      objectFailed(d) {
        running.end(d.object, about(d.object), d.error.code)
        report.objectFailed(d)
      },
    },
  }
}
