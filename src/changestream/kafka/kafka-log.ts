import kafkajs, { type Admin, type Kafka, type Producer } from 'kafkajs'
import { type Change, sourceOf } from '../../ownership/claim.ts'
import { decodeChange, encodeChange } from '../codec.ts'
import { changestreamErrors } from '../errors.ts'
import type { ChangeLog } from '../port.ts'
import type { KafkaReport } from '../report.ts'
import { checkApiRanges } from './api-ranges.ts'
import { type Cluster, createClient, disconnect } from './client.ts'
import { kafkaFailure } from './failure.ts'
import { fetchOffsets } from './offsets.ts'
import { partitionOf } from './partition.ts'
import { PATIENCE, type Patience } from './patience.ts'
import { readKafka } from './reader.ts'
import type { Compression } from './record-batch.ts'
import type { RecordDecoder } from './records.ts'
import { inRequests, type PlacedRecord, packed, type Request } from './requests.ts'
import { type KafkaSecurity, openSecurity } from './security.ts'
import { prepareTopic } from './topic.ts'
import type { TopicSettings } from './topic-settings.ts'

export const CHANGES_TOPIC = 'whohad.changes'

export type RecordCodec = RecordDecoder & { encode(change: Change): Buffer }

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
  readonly patience?: Partial<Patience> | undefined
  readonly report: KafkaReport
}

const ALL_REPLICAS = -1
const PLAIN_CODEC: RecordCodec = { encode: encodeChange, decode: decodeChange }

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

  let closed = false
  let sending: Promise<unknown> = Promise.resolve()
  const refuseIfClosed = () => {
    if (closed) throw changestreamErrors.closed({ where: `Kafka topic "${topic}"` })
  }
  const send = async (requests: readonly Request[]) => {
    try {
      for await (const bundles of packed(requests, compression)) {
        await producer.send({ topic, acks: ALL_REPLICAS, messages: [...bundles] })
      }
    } catch (error) {
      const failure = kafkaFailure(cluster, 'append to', error)
      if (failure.code === 'WHOHAD_KAFKA_TOPIC_GONE') report.kafkaFault({ fault: 'topic-gone', detail: topic })
      throw failure
    }
  }
  const offsets = async () => {
    refuseIfClosed()
    try {
      return await fetchOffsets(admin, topic, partitions)
    } catch (error) {
      throw kafkaFailure(cluster, 'find the bounds of', error)
    }
  }
  return {
    partitions,
    async append(changes) {
      refuseIfClosed()
      const requests = inRequests(changes.map(change => recordOf(codec, change, partitions)))
      const turn = sending.then(() => send(requests))
      sending = turn.catch(() => {}) // told to its own caller; the next one starts anew
      await turn
    },
    async *read(readOptions) {
      refuseIfClosed()
      yield* readKafka({ kafka, admin, cluster, partitions, decoder: codec, report, patience }, readOptions)
    },
    end: async () => (await offsets()).end,
    start: async () => (await offsets()).first,
    async close() {
      if (closed) return
      closed = true
      await sending
      await disconnect('the producer', producer, report, patience.disconnectMs)
      await disconnect('the admin client', admin, report, patience.disconnectMs)
    },
  }
}

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
    await prepareTopic(admin, { ...options, topic: cluster.topic }, report)
    await producer.connect()
  } catch (error) {
    const gone = [disconnect('the admin client', admin, report, patience.disconnectMs)]
    await Promise.all([...gone, disconnect('the producer', producer, report, patience.disconnectMs)])
    throw kafkaFailure(cluster, 'prepare', error)
  }
  return { admin, producer }
}

function recordOf(codec: RecordCodec, change: Change, partitions: number): PlacedRecord {
  const key = sourceOf(change)
  return { key, value: codec.encode(change), partition: partitionOf(key, partitions) }
}
