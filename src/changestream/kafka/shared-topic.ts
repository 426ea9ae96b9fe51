import type { Admin, Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import { changestreamErrors } from '../errors.ts'
import type { KafkaReport } from '../report.ts'
import { Wakeup } from '../wakeup.ts'
import { checkApiRanges } from './api-ranges.ts'
import { type Cluster, createClient, disconnect, RETRIES } from './client.ts'
import { kafkaFailure } from './failure.ts'
import { type KafkaSecurity, openSecurity } from './security.ts'
import { SharedPartitions, type TopicMessage } from './shared-partitions.ts'

export type SharedTopicOptions = {
  readonly brokers: readonly string[]
  readonly topic: string
  /** Its members share the topic's messages out among themselves. */
  readonly group: string
  readonly security?: KafkaSecurity | undefined
  readonly report: KafkaReport
}

/**
 * Any topic, read as one member of a consumer group. Each message is given to some member, and given again, to it or to
 * another, until it is finished: what is committed is always below the first unfinished message of the partition. Errors are
 * WHOHAD_KAFKA_…; after one, the next `receive` begins anew.
 */
export type SharedTopic = {
  /** New messages; waits for the first one up to `waitMs`. None once the signal is given. */
  receive(waitMs: number, signal?: AbortSignal): Promise<readonly TopicMessage[]>
  finish(messages: readonly TopicMessage[]): Promise<void>
  /** Is told of messages that were given, are not finished, and now are another member's, or come again. */
  onLost(listener: (messages: readonly TopicMessage[], reason: string) => void): void
  close(): Promise<void>
}

const HEARTBEAT_MS = 3_000
const LONGEST_WAIT_MS = 500
/** So many messages may wait to be received while the next fetch is on its way. */
const MESSAGES_AHEAD = 200

type Clients = { readonly consumer: Consumer; readonly admin: Admin }

export function sharedTopic(options: SharedTopicOptions): SharedTopic {
  const { topic, group, report, brokers } = options
  const partitions = new SharedPartitions()
  const changed = new Wakeup()
  let lost: (messages: readonly TopicMessage[], reason: string) => void = () => {}
  let cluster: Cluster = { brokers, topic, clientId: 'whohad' }
  let clients: Clients | undefined
  let failure: unknown

  const letGo = (messages: readonly TopicMessage[], reason: string) => {
    if (messages.length > 0) lost(messages, reason)
  }

  const start = async (): Promise<Clients> => {
    cluster = { ...cluster, ...(await openSecurity(brokers, options.security ?? {})) }
    await checkApiRanges(brokers, cluster.tls)
    const kafka = createClient(cluster, report)
    const made = { admin: kafka.admin(), consumer: consumerOf(kafka, group) }
    try {
      await run(made)
      return made
    } catch (error) {
      await stop(made)
      throw error
    }
  }

  const run = async ({ admin, consumer }: Clients) => {
    await admin.connect()
    if (!(await admin.listTopics()).includes(topic)) throw changestreamErrors.kafkaSharedTopicMissing({ topic })
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      letGo(
        partitions.keepOnly(payload.memberAssignment[topic] ?? []),
        'the group gave its partition to another member',
      )
    })
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      failure ??= payload.error
      changed.wake()
    })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: take })
    await warnOfLostNames(admin)
  }

  /** The client would go on from the first message that is there, without a word. */
  const warnOfLostNames = async (admin: Admin) => {
    const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
    const bounds = await admin.fetchTopicOffsets(topic)
    for (const { partition, offset } of committed?.partitions ?? []) {
      const low = Number(bounds.find(one => one.partition === partition)?.low ?? 0)
      if (Number(offset) < 0 || Number(offset) >= low) continue
      const detail = `partition ${partition} of ${topic}: the group had read up to ${offset}, and the topic begins at ${low}`
      report.kafkaFault({ fault: 'position-lost', detail })
    }
  }

  const take = async ({ batch, heartbeat, resolveOffset, isRunning, isStale }: EachBatchPayload) => {
    while (partitions.waiting > MESSAGES_AHEAD) {
      await Promise.race([changed.wait(), pause(HEARTBEAT_MS)])
      await heartbeat() // throws where the group is shared out anew
    }
    if (!isRunning() || isStale()) return
    partitions.accept(batch.partition, batch.messages)
    resolveOffset(batch.lastOffset())
    changed.wake()
  }

  const stop = async ({ consumer, admin }: Clients) => {
    await Promise.all([disconnect('a consumer', consumer, report), disconnect('the admin client', admin, report)])
  }

  const beginAnew = async (error: unknown): Promise<never> => {
    const failed = kafkaFailure(cluster, 'read', error)
    const stopped = clients
    clients = undefined
    failure = undefined
    letGo(partitions.keepOnly([]), failed.message)
    if (stopped) await stop(stopped)
    report.kafkaReaderRestarted({ reason: failed.message, attempt: 1 })
    throw failed
  }

  return {
    async receive(waitMs, signal) {
      try {
        clients ??= await start()
      } catch (error) {
        throw kafkaFailure(cluster, 'read', error)
      }
      const waited = AbortSignal.timeout(Math.max(0, waitMs))
      const until = signal ? AbortSignal.any([waited, signal]) : waited
      while (failure === undefined && partitions.waiting === 0 && !until.aborted) await changed.wait(until)
      if (failure !== undefined) await beginAnew(failure)
      const messages = signal?.aborted ? [] : partitions.handOut()
      changed.wake()
      return messages
    },
    async finish(messages) {
      const commits = partitions.finish(messages)
      if (clients === undefined || commits.length === 0) return
      try {
        await clients.consumer.commitOffsets(
          commits.map(({ partition, next }) => ({ topic, partition, offset: String(next) })),
        )
      } catch (error) {
        throw kafkaFailure(cluster, 'commit in', error)
      }
      partitions.committed(commits)
    },
    onLost(listener) {
      lost = listener
    },
    async close() {
      const stopped = clients
      clients = undefined
      if (stopped) await stop(stopped)
    },
  }
}

const consumerOf = (kafka: Kafka, groupId: string): Consumer =>
  kafka.consumer({
    groupId,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: LONGEST_WAIT_MS,
    // It never restarts by itself: the next `receive` builds a new one.
    retry: { ...RETRIES, restartOnFailure: async () => false },
  })

const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms).unref())
