import kafkajs, { type Message, type Producer } from 'kafkajs'
import { type Change, sourceOf } from '../../ownership/claim.ts'
import { encodeChange } from '../codec.ts'
import { changestreamErrors } from '../errors.ts'
import type { ChangeLog } from '../port.ts'
import type { KafkaReport } from '../report.ts'
import { type Cluster, createClient, kafkaFailure } from './client.ts'
import { fetchOffsets } from './offsets.ts'
import { partitionOf } from './partition.ts'
import { readKafka } from './reader.ts'
import { prepareTopic, type TopicSettings } from './topic.ts'

export const CHANGES_TOPIC = 'whohad.changes'

export type KafkaLogOptions = Omit<TopicSettings, 'topic' | 'retentionMs'> & {
  readonly brokers: readonly string[]
  /** `whohad.changes` where it is left out. */
  readonly topic?: string
  /** −1, for ever, where it is left out. Used when the topic is made. */
  readonly retentionMs?: number
  readonly clientId?: string
  readonly report: KafkaReport
}

/** Well below the broker's default limit of 1 MiB for what one request brings to one partition. */
const REQUEST_BYTES = 512 * 1024
const ALL_REPLICAS = -1

/**
 * The claim log on Kafka. The topic is made where it is missing and checked where it is there.
 * @throws WHOHAD_KAFKA_UNREACHABLE, WHOHAD_KAFKA_TOPIC_UNSUITABLE, WHOHAD_KAFKA_FAILED
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<ChangeLog> {
  const { brokers, partitions, report, topic = CHANGES_TOPIC, retentionMs = -1, clientId = 'whohad' } = options
  const cluster: Cluster = { brokers, topic, clientId }
  const kafka = createClient(cluster, report)
  const admin = kafka.admin()
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner, // not asked: every message names its partition
    maxInFlightRequests: 1, // a retry must not overtake what follows it
  })
  try {
    await admin.connect()
    await prepareTopic(admin, { ...options, topic, retentionMs })
    await producer.connect()
  } catch (error) {
    await Promise.allSettled([admin.disconnect(), producer.disconnect()])
    throw kafkaFailure(cluster, 'prepare', error)
  }

  let closed = false
  let sending: Promise<unknown> = Promise.resolve()
  const refuseIfClosed = () => {
    if (closed) throw changestreamErrors.closed({ where: `Kafka topic "${topic}"` })
  }
  return {
    partitions,
    async append(changes) {
      refuseIfClosed()
      const requests = inRequests(changes.map(change => messageOf(change, partitions)))
      const turn = sending.then(() => send(producer, cluster, requests))
      sending = turn.catch(() => {}) // told to its own caller; the next one starts anew
      await turn
    },
    async *read(readOptions) {
      refuseIfClosed()
      yield* readKafka({ kafka, admin, cluster, partitions, report }, readOptions)
    },
    async end() {
      refuseIfClosed()
      try {
        return (await fetchOffsets(admin, topic, partitions)).end
      } catch (error) {
        throw kafkaFailure(cluster, 'find the end of', error)
      }
    },
    async close() {
      if (closed) return
      closed = true
      await sending
      await producer.disconnect()
      await admin.disconnect()
    },
  }
}

type PlacedMessage = Message & { readonly value: Buffer; readonly partition: number }

function messageOf(change: Change, partitions: number): PlacedMessage {
  const key = sourceOf(change)
  return { key, value: encodeChange(change), partition: partitionOf(key, partitions) }
}

function inRequests(messages: readonly PlacedMessage[]): readonly (readonly PlacedMessage[])[] {
  const requests: PlacedMessage[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const message of messages) {
    bytes += message.value.length
    if (bytes > REQUEST_BYTES) {
      requests.push([])
      bytes = message.value.length
    }
    requests.at(-1)?.push(message)
  }
  return requests
}

async function send(
  producer: Producer,
  cluster: Cluster,
  requests: readonly (readonly PlacedMessage[])[],
): Promise<void> {
  try {
    for (const messages of requests) {
      await producer.send({
        topic: cluster.topic,
        acks: ALL_REPLICAS,
        compression: kafkajs.CompressionTypes.GZIP,
        messages: [...messages],
      })
    }
  } catch (error) {
    throw kafkaFailure(cluster, 'append to', error)
  }
}
