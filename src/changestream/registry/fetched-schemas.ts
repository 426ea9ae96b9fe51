import type { Clock } from '../../runtime/clock.ts'
import { reasonOf } from '../../runtime/errors.ts'
import { retry } from '../../runtime/retry.ts'
import type { Decoded, PayloadDecoder } from '../payload-decoder.ts'
import { decoderOrReason } from '../single-object.ts'
import type { RegisteredSchema, RegistryClient } from './client.ts'
import type { RegistryReport } from './options.ts'

const WITHOUT_END = { attempts: Number.POSITIVE_INFINITY, firstDelayMs: 250, longestDelayMs: 30_000 } as const

export type FetchedSchemasParts = {
  readonly registry: RegistryClient
  readonly clock: Clock
  readonly report: RegistryReport
}

/**
 * Decoders by the ids that messages name. An id is asked for once: an id never changes its meaning. That the registry has no
 * such schema is an answer too; that it does not answer is none, and then it is asked again.
 */
export class FetchedSchemas {
  private readonly decoders = new Map<number, PayloadDecoder>()
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
    return this.decoders.get(id)
  }

  /** Resolves once the id's meaning is known. Two readers that meet the same id ask for it together. */
  async fetch(id: number): Promise<void> {
    if (this.decoders.has(id)) return
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
    this.decoders.set(id, decoderOf(id, found))
  }
}

function decoderOf(id: number, found: RegisteredSchema | undefined): PayloadDecoder {
  if (found === undefined) return unreadable(`the schema registry has no schema ${id}`)
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
