import kafkajs, { type Admin, type Kafka, type Producer } from 'kafkajs'
import { type Change, sourceOf } from '../../ownership/claim.ts'
import { decodeChange, encodeChange, leaveEncoded } from '../codec.ts'
import { changestreamErrors } from '../errors.ts'
import type { ChangeLog } from '../port.ts'
import type { KafkaReport } from '../report.ts'
import { type OldClaims, withoutOld } from '../retention/old-claims.ts'
import { checkApiRanges } from './api-ranges.ts'
import { CARRIED_PARTITIONS } from './carried-message.ts'
import { CarriedTopic } from './carried-topic.ts'
import { type Cluster, createClient, disconnect } from './client.ts'
import { deleteBefore } from './delete-before.ts'
import { kafkaFailure } from './failure.ts'
import { kafkaForgetting, startOf } from './forgetting.ts'
import { fetchOffsets, offsetsFrom } from './offsets.ts'
import { partitionOf } from './partition.ts'
import { PATIENCE, type Patience } from './patience.ts'
import type { Compression } from './record-batch.ts'
import type { RecordCodec } from './records.ts'
import { inRequests, type PackedRequest, type PlacedRecord, packed } from './requests.ts'
import { readRetained } from './retained-topic.ts'
import { type KafkaSecurity, openSecurity } from './security.ts'
import { prepareTopic } from './topic.ts'
import { FOR_EVER, type TopicSettings } from './topic-settings.ts'

export const CHANGES_TOPIC = 'whohad.changes'
/** What outlives retention lies beside the topic, under its name with this behind it. */
export const CARRIED_SUFFIX = '.carried'

export type KafkaLogOptions = Omit<TopicSettings, 'topic'> & {
  readonly brokers: readonly string[]
  /** `whohad.changes` where it is left out. */
  readonly topic?: string | undefined
  readonly clientId?: string | undefined
  readonly security?: KafkaSecurity | undefined
  /** How records are compressed on their way and on the broker's disk; gzip where it is left out. */
  readonly compression?: Compression | undefined
  /** Single-object encoding where it is left out. */
  readonly codec?: RecordCodec | undefined
  /** By how much the horizon must have moved before retention lets go of history again; a day where it is left out. */
  readonly retentionStepMs?: number | undefined
  readonly onOldClaims?: ((old: OldClaims) => void) | undefined
  readonly patience?: Partial<Patience> | undefined
  /** Whether a missing topic is made, which is so where it is left out: who only reads makes none. */
  readonly create?: boolean | undefined
  readonly report: KafkaReport
}

const ALL_REPLICAS = -1
const DAY_MS = 24 * 3600 * 1000
const PLAIN_CODEC: RecordCodec = { encode: encodeChange, decode: decodeChange, leave: leaveEncoded }

/**
 * The claim log on Kafka. The brokers' versions are checked, the topic is made where it is missing and checked where it is there.
 * @throws WHOHAD_KAFKA_UNREACHABLE, WHOHAD_KAFKA_BROKER_UNSUPPORTED, WHOHAD_KAFKA_TOPIC_UNSUITABLE, WHOHAD_KAFKA_INSECURE,
 * WHOHAD_KAFKA_FILE_UNREADABLE, WHOHAD_KAFKA_TLS_FAILED, WHOHAD_KAFKA_LOGIN_REFUSED, WHOHAD_KAFKA_TOKEN_UNAVAILABLE,
 * WHOHAD_KAFKA_FAILED
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<ChangeLog> {
  const {
    brokers,
    partitions,
    report,
    topic = CHANGES_TOPIC,
    clientId = 'whohad',
    codec = PLAIN_CODEC,
    compression = 'gzip',
  } = options
  const patience = { ...PATIENCE, ...options.patience }
  const security = await openSecurity(brokers, options.security ?? {})
  const cluster: Cluster = { brokers, topic, clientId, ...security }
  const kafka = createClient(cluster, report)
  const { admin, producer } = await connectBoth(kafka, cluster, options, patience)

  const closing = new AbortController()
  let sending: Promise<unknown> = Promise.resolve()
  const refuseIfClosed = () => {
    if (closing.signal.aborted) throw changestreamErrors.closed({ where: `Kafka topic "${topic}"` })
  }
  const sendTo = async (to: string, requests: readonly PackedRequest[]) => {
    try {
      for (const request of requests) {
        await producer.send({ topic: to, acks: ALL_REPLICAS, messages: [...(await request)] })
      }
    } catch (error) {
      const failure = kafkaFailure({ ...cluster, topic: to }, 'append to', error)
      if (failure.code === 'WHOHAD_KAFKA_TOPIC_GONE') report.kafkaFault({ fault: 'topic-gone', detail: to })
      throw failure
    }
  }
  const asked = async <T>(doing: string, work: () => Promise<T>): Promise<T> => {
    refuseIfClosed()
    try {
      return await work()
    } catch (error) {
      throw kafkaFailure(cluster, doing, error)
    }
  }
  const offsets = () => asked('find the bounds of', () => fetchOffsets(admin, topic, partitions))
  const reader = { kafka, admin, cluster, partitions, decoder: codec, report, patience }
  const carriedCluster = { ...cluster, topic: topic + CARRIED_SUFFIX }
  const carried = new CarriedTopic({
    reader: { ...reader, cluster: carriedCluster },
    stream: codec,
    prepare: () => prepareTopic(admin, carriedSettings(options, carriedCluster.topic), report),
    send: records => sendTo(carriedCluster.topic, packed(inRequests(records), compression)),
  })
  // Where it cannot be had, whoever reads from the beginning is told, and keeps out claims that come again.
  await carried.head().catch(() => {})
  const forgetting = kafkaForgetting({
    carried,
    codec,
    offsets,
    loggedFrom: atMs => asked('find a time in', () => offsetsFrom(admin, topic, partitions, atMs)),
    deleteBefore: async position => {
      const now = await offsets()
      await asked('delete records from', () => deleteBefore(admin, topic, position, now))
    },
    stepMs: options.retentionStepMs ?? DAY_MS,
    signal: closing.signal,
  })
  return {
    partitions,
    async append(changes) {
      refuseIfClosed()
      const taken = withoutOld(changes, carried.lastHead()?.floors, options.onOldClaims)
      const requests = packed(inRequests(recordsOf(codec, taken, partitions)), compression)
      const turn = sending.then(() => sendTo(topic, requests))
      sending = turn.catch(() => {}) // told to its own caller; the next one starts anew
      await turn
    },
    async *read(readOptions) {
      refuseIfClosed()
      const parts =
        readOptions.encoded && codec.leave ? { ...reader, decoder: { ...codec, left: codec.leave } } : reader
      yield* readRetained(parts, carried, readOptions)
    },
    end: async () => (await offsets()).end,
    start: async () => startOf(await offsets(), await carried.head()),
    forgetting,
    async close() {
      if (closing.signal.aborted) return
      closing.abort(changestreamErrors.closed({ where: `Kafka topic "${topic}"` }))
      await forgetting.ended()
      await sending
      await disconnect('the producer', producer, report, patience.disconnectMs)
      await disconnect('the admin client', admin, report, patience.disconnectMs)
    },
  }
}

/** Nothing goes there but what a newer head replaces. */
export const carriedSettings = (options: Omit<TopicSettings, 'topic'>, topic: string): TopicSettings => ({
  ...options,
  topic,
  partitions: CARRIED_PARTITIONS.count,
  retentionMs: FOR_EVER,
  retentionBytes: FOR_EVER,
})

type Clients = { readonly admin: Admin; readonly producer: Producer }

async function connectBoth(
  kafka: Kafka,
  cluster: Cluster,
  options: KafkaLogOptions,
  patience: Patience,
): Promise<Clients> {
  const { report } = options
  const admin = kafka.admin()
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner, // not asked: every message names its partition
    maxInFlightRequests: 1, // a retry must not overtake what follows it
  })
  try {
    const checked = await checkApiRanges(cluster.brokers, cluster.tls)
    await admin.connect()
    if (!checked) await checkApiRanges(cluster.brokers, cluster.tls)
    await prepareTopic(admin, { ...options, topic: cluster.topic }, report, options.create)
    await producer.connect()
  } catch (error) {
    const gone = [disconnect('the admin client', admin, report, patience.disconnectMs)]
    await Promise.all([...gone, disconnect('the producer', producer, report, patience.disconnectMs)])
    throw kafkaFailure(cluster, 'prepare', error)
  }
  return { admin, producer }
}

function* recordsOf(codec: RecordCodec, changes: readonly Change[], partitions: number): Generator<PlacedRecord> {
  let key: string | undefined
  let partition = 0
  for (const change of changes) {
    const own = sourceOf(change)
    if (own !== key) partition = partitionOf(own, partitions) // a poll's changes are of one source
    key = own
    yield { key, value: codec.encode(change), partition }
  }
}
