import type { Millis } from '../../ownership/window.ts'
import type { Clock } from '../../runtime/clock.ts'
import { reasonOf } from '../../runtime/errors.ts'
import { retry } from '../../runtime/retry.ts'
import type { Decoded, PayloadDecoder } from '../payload-decoder.ts'
import { decoderOrReason } from '../single-object.ts'
import type { RegisteredSchema, RegistryClient } from './client.ts'
import type { RegistryReport } from './options.ts'

const WITHOUT_END = { attempts: Number.POSITIVE_INFINITY, firstDelayMs: 250, longestDelayMs: 30_000 } as const

/** An id that the registry does not know may be registered later, or be on its way to the one of several that answered. */
const ASK_AGAIN_AFTER_MS = 60_000
const LONGEST_ASK_AGAIN_MS = 3600_000
/** Of hostile messages each may name another; the one that was met first is forgotten. */
const MOST_UNKNOWN_IDS = 10_000

type Unknown = { readonly untilMs: Millis; readonly waitMs: Millis }

export type FetchedSchemasParts = {
  readonly registry: RegistryClient
  readonly clock: Clock
  readonly report: RegistryReport
}

/**
 * Decoders by the ids that messages name. An id is asked for once: an id never changes its meaning. That the registry has no
 * such schema is an answer too, for a minute at first and an hour at last; that it does not answer is none.
 */
export class FetchedSchemas {
  private readonly decoders = new Map<number, PayloadDecoder>()
  private readonly unknown = new Map<number, Unknown>()
  private readonly asked = new Map<number, Promise<void>>()
  private readonly closing = new AbortController()
  private readonly parts: FetchedSchemasParts

  constructor(parts: FetchedSchemasParts) {
    this.parts = parts
  }

  know(id: number, decoder: PayloadDecoder): void {
    this.decoders.set(id, decoder)
  }

  decoder(id: number): PayloadDecoder | undefined {
    return this.decoders.get(id) ?? (this.unknown.has(id) ? unreadable(noSchema(id)) : undefined)
  }

  /** Resolves once the id's meaning is known. Two readers that meet the same id ask for it together. */
  async fetch(id: number): Promise<void> {
    const { untilMs } = this.unknown.get(id) ?? { untilMs: Number.NEGATIVE_INFINITY }
    if (this.decoders.has(id) || this.parts.clock.now() < untilMs) return
    const asked = this.asked.get(id) ?? this.ask(id).finally(() => this.asked.delete(id))
    this.asked.set(id, asked)
    await asked
  }

  close(): void {
    this.closing.abort()
  }

  private async ask(id: number): Promise<void> {
    const { registry, clock, report } = this.parts
    const { signal } = this.closing
    let attempt = 0
    const found = await retry(
      () => registry.schema(id, signal),
      WITHOUT_END,
      error => {
        // A refused login may be granted again; whatever it is, no record is passed over because of it.
        report.schemaRegistrySilent({ id, attempt: ++attempt, reason: reasonOf(error) })
        return true
      },
      clock,
      signal,
    )
    if (found === undefined) {
      this.keepUnknown(id)
      return
    }
    this.unknown.delete(id)
    this.decoders.set(id, decoderOf(id, found))
  }

  private keepUnknown(id: number): void {
    const earlier = this.unknown.get(id)
    const waitMs = Math.min(LONGEST_ASK_AGAIN_MS, earlier ? 2 * earlier.waitMs : ASK_AGAIN_AFTER_MS)
    this.unknown.set(id, { untilMs: this.parts.clock.now() + waitMs, waitMs })
    const [first] = this.unknown.keys()
    if (this.unknown.size > MOST_UNKNOWN_IDS && first !== undefined) this.unknown.delete(first)
  }
}

const noSchema = (id: number) => `the schema registry has no schema ${id}`

function decoderOf(id: number, found: RegisteredSchema): PayloadDecoder {
  if (found.kind !== 'AVRO') return unreadable(`schema ${id} of the schema registry is ${found.kind}, not Avro`)
  if (found.hasReferences)
    return unreadable(`schema ${id} of the schema registry refers to others, which none of ours does`)
  try {
    return decoderOrReason(JSON.parse(found.schema))
  } catch (error) {
    return unreadable(`schema ${id} of the schema registry is no JSON: ${reasonOf(error)}`)
  }
}

const unreadable = (reason: string) => (): Decoded => ({ unreadable: reason })
