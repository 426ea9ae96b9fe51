import type { Change } from '../../ownership/claim.ts'
import type { Millis } from '../../ownership/window.ts'
import type { Clock } from '../../runtime/clock.ts'
import { WhohadError } from '../../runtime/errors.ts'
import { retry } from '../../runtime/retry.ts'
import { type EncodedChange, leavingBehind } from '../encoded-change.ts'
import { changeEncoder, type Headers } from '../encoder.ts'
import { asBuffer, isGuidFramed, isSingleObject, REGISTRY_HEADER_BYTES, registryIdOf } from '../framing.ts'
import type { Decoded } from '../payload-decoder.ts'
import { RECORDS, recordSchemas, recordTypes } from '../schemas.ts'
import { decoderOrReason, type SingleObjectDecoder, singleObjectHeaders } from '../single-object.ts'
import { openRegistry, type RegistryClient } from './client.ts'
import { FetchedSchemas } from './fetched-schemas.ts'
import type { RegistryOptions, RegistryReport } from './options.ts'

type Parts = {
  readonly topic: string
  /** Messages of the time before the registry lie in the topic too. */
  readonly singleObjects: SingleObjectDecoder
  readonly clock: Clock
  readonly report: RegistryReport
}

type RegisteredCodec = {
  encode(change: Change): Buffer
  decode(bytes: Uint8Array): Decoded
  prepare(messages: readonly Uint8Array[]): Promise<void>
  leave(message: Buffer, partition: number, offset: number, loggedAtMs: Millis): EncodedChange | undefined
  close(): void
}

const BY_GUID =
  'a header with magic byte 1, by which Confluent names a schema by GUID; only magic byte 0, with an id, is read'

/** A registry that is just being started is waited for; one that is not there is told of soon. */
const AT_START = { attempts: 4, firstDelayMs: 250, longestDelayMs: 2_000 } as const

/** Registers the current schemas, writes with their ids, and reads both framings. */
export async function registeredCodec(options: RegistryOptions, parts: Parts): Promise<RegisteredCodec> {
  const { topic, singleObjects, clock, report } = parts
  const registry = await openRegistry(options)
  const schemas = new FetchedSchemas({ registry, clock, report })
  const made: { -readonly [record in keyof Headers]?: Headers[record] } = {}
  for (const record of RECORDS) {
    const id = await register(registry, record, topic, clock)
    schemas.know(id, decoderOrReason(recordSchemas[record]))
    made[record] = headerOf(id)
  }
  const headers = made as Headers // one for each of RECORDS
  const leaveRegistered = leavingBehind(headers.claim)
  const leaveSingle = leavingBehind(singleObjectHeaders.claim)
  return {
    encode: changeEncoder(headers),
    decode(bytes) {
      const message = asBuffer(bytes)
      if (isSingleObject(message)) return singleObjects.decode(message)
      const id = registryIdOf(message)
      if (id === undefined && isGuidFramed(message)) return { unreadable: BY_GUID }
      if (id === undefined) return { unreadable: 'no Avro header, of a schema registry or of a single object' }
      const decoder = schemas.decoder(id)
      return decoder?.(message, REGISTRY_HEADER_BYTES) ?? { unreadable: `schema ${id} has not been fetched` }
    },
    async prepare(messages) {
      const ids = new Set<number>()
      for (const message of messages) {
        const id = registryIdOf(message)
        if (id !== undefined) ids.add(id)
      }
      for (const id of ids) await schemas.fetch(id)
    },
    leave: (message, ...place) => leaveRegistered(message, ...place) ?? leaveSingle(message, ...place),
    close: () => schemas.close(),
  }
}

/**
 * TopicRecordNameStrategy: several kinds of records lie in one topic, so the topic's name alone would say nothing.
 */
const subjectOf = (topic: string, record: Change['record']): string => `${topic}-${recordTypes[record].name}`

const register = (registry: RegistryClient, record: Change['record'], topic: string, clock: Clock): Promise<number> =>
  retry(
    () => registry.register(subjectOf(topic, record), JSON.stringify(recordSchemas[record])),
    AT_START,
    error => error instanceof WhohadError && error.retriable,
    clock,
  )

function headerOf(id: number): Buffer {
  const header = Buffer.alloc(REGISTRY_HEADER_BYTES)
  header.writeUInt32BE(id, 1)
  return header
}
