import { createRequire } from 'node:module'
import type { KafkaMessage, Message } from 'kafkajs'
import { changestreamErrors } from '../errors.ts'
import { batchesIn, CONTROL, type FetchedBatch, IN_TRANSACTION } from './record-batch.ts'

/**
 * kafkajs 2.2.4 makes several objects and buffers of each record on its way out and in: 15 µs of processor time for each claim
 * produced and 5 µs for each one fetched, where ours take a tenth. So a message that we send is a whole batch of a partition, and so
 * is a message that we get. Nothing else of the client is changed, nor what
 * other producers and consumers of the process send and get.
 */
export type Bundle = Message & { readonly batch: Buffer; readonly partition: number }
export type PackedMessage = KafkaMessage & { readonly packed: FetchedBatch }

/** Also how our own fetches are told from others of the process, hence odd. Compressed; kafkajs's default is 10 MiB. */
export const FETCH_BYTES = 4 * 1024 * 1024 + 1

const KNOWN_VERSION = '2.2.4'
const FETCH_VERSION = 11
const require = createRequire(import.meta.url)

export const bundleOf = (partition: number, batch: Buffer): Bundle => ({ value: null, partition, batch })

/** @throws WHOHAD_KAFKA_CLIENT_UNKNOWN */
export function useOwnWire(): void {
  const { version }: { version: string } = require('kafkajs/package.json')
  if (version !== KNOWN_VERSION) throw changestreamErrors.kafkaClientUnknown({ version, known: KNOWN_VERSION })
  const {
    requests,
  }: { requests: Readonly<Record<'Produce' | 'Fetch', Definitions>> } = require('kafkajs/src/protocol/requests')
  replace(requests.Produce, () => ownProduce)
  replace(requests.Fetch, version => (version === FETCH_VERSION ? ownFetch : (_, made) => made))
}

type Made = {
  readonly request: { encode(): Promise<Encoder> }
  readonly response: { decode(bytes: Buffer): Promise<unknown> }
}
type Own = (options: never, made: Made) => Made
type Definitions = {
  protocol: ((d: { version: number }) => (options: unknown) => Made) & { readonly isOurs?: true }
}

function replace(definitions: Definitions, ownOf: (version: number) => Own): void {
  const { protocol } = definitions
  if (protocol.isOurs) return
  const ours = ({ version }: { version: number }) => {
    const [theirs, own] = [protocol({ version }), ownOf(version)]
    return (options: unknown) => own(options as never, theirs(options))
  }
  definitions.protocol = Object.assign(ours, { isOurs: true as const })
}

type Encoder = {
  writeInt16(n: number): Encoder
  writeInt32(n: number): Encoder
  writeString(s: string | null): Encoder
  writeBytes(b: Buffer): Encoder
}
type ProduceOptions = {
  readonly acks: number
  readonly timeout: number
  readonly topicData: readonly {
    readonly topic: string
    readonly partitions: readonly { readonly partition: number; readonly messages: readonly (Message | Bundle)[] }[]
  }[]
}

const isBundle = (message: Message | Bundle | undefined): message is Bundle =>
  message !== undefined && 'batch' in message

function ownProduce(options: ProduceOptions, made: Made): Made {
  const first = options.topicData[0]?.partitions[0]?.messages[0]
  return isBundle(first) ? { ...made, request: { ...made.request, encode: () => encodeProduce(options) } } : made
}

/** Produce, versions 3 to 7: transactional id, acks, timeout, then by topic and partition the record batch. */
async function encodeProduce({ acks, timeout, topicData }: ProduceOptions): Promise<Encoder> {
  const Encoder = require('kafkajs/src/protocol/encoder')
  const out: Encoder = new Encoder().writeString(null).writeInt16(acks).writeInt32(timeout).writeInt32(topicData.length)
  for (const { topic, partitions } of topicData) {
    out.writeString(topic).writeInt32(partitions.length)
    for (const { partition, messages } of partitions) {
      const batches = messages.flatMap(message => (isBundle(message) ? message.batch : []))
      out.writeInt32(partition).writeBytes(Buffer.concat(batches))
    }
  }
  return out
}

type Decoder = {
  readInt16(): number
  readInt32(): number
  readInt64(): { toString(): string }
  readString(): string
  readArray<T>(read: (d: Decoder) => T): T[]
  readBytes(n: number): Buffer
}

const ownFetch = ({ maxBytes }: { maxBytes: number }, made: Made): Made =>
  maxBytes === FETCH_BYTES ? { ...made, response: { ...made.response, decode: decodeFetch } } : made

/** Fetch, version 11, as kafkajs decodes it, but for what its messages are. */
async function decodeFetch(bytes: Buffer): Promise<unknown> {
  const Decoder = require('kafkajs/src/protocol/decoder')
  const decoder: Decoder = new Decoder(bytes)
  const clientSideThrottleTime = decoder.readInt32()
  const errorCode = decoder.readInt16()
  const sessionId = decoder.readInt32()
  const responses = decoder.readArray(topic => ({
    topicName: topic.readString(),
    partitions: topic.readArray(decodePartition),
  }))
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses }
}

const decodePartition = (decoder: Decoder) => ({
  partition: decoder.readInt32(),
  errorCode: decoder.readInt16(),
  highWatermark: decoder.readInt64().toString(),
  lastStableOffset: decoder.readInt64().toString(),
  lastStartOffset: decoder.readInt64().toString(),
  abortedTransactions: decoder.readArray(each => ({
    producerId: each.readInt64().toString(),
    firstOffset: each.readInt64().toString(),
  })),
  preferredReadReplica: decoder.readInt32(),
  messages: packedMessages(decoder),
})

function packedMessages(decoder: Decoder): PackedMessage[] {
  const bytes = decoder.readInt32()
  return bytes <= 0 ? [] : batchesIn(decoder.readBytes(bytes)).map(packedMessage)
}

/** kafkajs goes by the offset (so a batch that compaction has emptied is passed), and by what it needs for transactions. */
const packedMessage = (packed: FetchedBatch) =>
  ({
    offset: String(packed.lastOffset),
    timestamp: String(packed.maxTimestampMs),
    attributes: 0,
    key: (packed.attributes & CONTROL) !== 0 ? controlKey(packed) : null,
    value: null,
    isControlRecord: (packed.attributes & CONTROL) !== 0,
    batchContext: { producerId: packed.producerId, inTransaction: (packed.attributes & IN_TRANSACTION) !== 0 },
    packed,
  }) as unknown as PackedMessage

/** The one record of a control batch: length, attributes, two deltas and the key's length in a byte each, four bytes of key. */
const controlKey = ({ records }: FetchedBatch): Buffer => records.subarray(5, 9)
