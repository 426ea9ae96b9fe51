import {
  type Change,
  type Claim,
  type Horizon,
  type Progress,
  type Revision,
  type SourceRecord,
  supersedes,
} from '../ownership/claim.ts'
import { Fence } from './fence.ts'
import { toWire } from './wire.ts'

/**
 * What a stream comes to, whatever it went through: of each claim that counts the newest revision, of each source its record
 * and its newest progress, of each domain its horizon. Claims that ended below the horizon do not count, nor does what
 * a successor fenced off. Two streams with the same state give the same lines, byte for byte, wherever the records lie,
 * when they were logged, how often and in which order within the rules of the fence.
 */
export class StreamState {
  private readonly fence = new Fence()
  private readonly claims = new Map<string, Claim>()
  private readonly sources = new Map<string, SourceRecord>()
  private readonly progress = new Map<string, Progress>()
  private readonly horizons = new Map<string, Horizon>()

  /** To be told of every record, in the order of its partition. */
  take(change: Change): void {
    if (this.fence.fencedBy(change) !== undefined) return
    if (change.record === 'claim') keepNewest(this.claims, change.id, change)
    else if (change.record === 'source') keepNewest(this.sources, change.source, change)
    else if (change.record === 'progress') keepNewest(this.progress, change.source, change)
    else this.raise(change)
  }

  /** One JSON object a line, with the values of the Avro schemas: claims, progress, sources, horizons, each in the order of its key. */
  *lines(): Generator<string> {
    for (const claim of inOrder(this.claims)) if (!this.isOver(claim)) yield canonical(toWire(claim))
    for (const kind of [this.progress, this.sources, this.horizons]) {
      for (const change of inOrder<Change>(kind)) yield canonical(toWire(change))
    }
  }

  private raise(horizon: Horizon): void {
    const held = this.horizons.get(horizon.domain)
    if (held === undefined || horizon.beforeMs > held.beforeMs) this.horizons.set(horizon.domain, horizon)
  }

  private isOver({ domain, end }: Claim): boolean {
    const horizon = this.horizons.get(domain)
    return horizon !== undefined && end.latestMs <= horizon.beforeMs
  }
}

function keepNewest<T extends { readonly revision: Revision }>(held: Map<string, T>, key: string, next: T): void {
  const before = held.get(key)
  if (before === undefined || supersedes(next, before)) held.set(key, next)
}

/** By the keys' code units: no locale has a say. */
const inOrder = <T>(held: ReadonlyMap<string, T>): readonly T[] =>
  [...held].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)

/** JSON with the keys of every object in order, so that equal values are equal bytes. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join()}}`
}
