import { changestreamErrors } from '../errors.ts'
import type { KafkaReport } from '../report.ts'
import { checkApiRanges } from './api-ranges.ts'
import { type Cluster, createClient, disconnect } from './client.ts'
import { kafkaFailure } from './failure.ts'
import { CARRIED_SUFFIX, CHANGES_TOPIC, carriedSettings, type KafkaLogOptions } from './kafka-log.ts'
import { openSecurity } from './security.ts'
import { complaintsAboutTopic } from './topic-check.ts'
import type { Complaint } from './topic-complaint.ts'
import type { TopicSettings } from './topic-settings.ts'

/** What was found out about the brokers and the change stream's topics; nothing is made and nothing written. */
export type KafkaCondition = {
  readonly brokers: number
  readonly topics: readonly TopicCondition[]
}

export type TopicCondition = {
  readonly topic: string
  readonly isThere: boolean
  /** What it cannot be used with, and what endangers history. */
  readonly fatal: readonly Complaint[]
  readonly doubts: readonly Complaint[]
  /** Records between what retention has left and the end, over all partitions. */
  readonly records: number
}

const ABSENT = { isThere: false, fatal: [], doubts: [], records: 0 } as const

/**
 * Looks at the change stream's topic, at the one beside it that keeps what outlives retention, and whether others are there.
 *
 * @throws WHOHAD_KAFKA_UNREACHABLE, WHOHAD_KAFKA_BROKER_UNSUPPORTED, WHOHAD_KAFKA_INSECURE, WHOHAD_KAFKA_FILE_UNREADABLE,
 * WHOHAD_KAFKA_TLS_FAILED, WHOHAD_KAFKA_LOGIN_REFUSED, WHOHAD_KAFKA_TOKEN_UNAVAILABLE, WHOHAD_KAFKA_FAILED
 */
export async function examineKafka(
  options: Omit<KafkaLogOptions, 'report' | 'codec'>,
  others: readonly string[],
  report: KafkaReport,
): Promise<KafkaCondition> {
  const { brokers, topic = CHANGES_TOPIC, clientId = 'whohad-doctor' } = options
  const cluster: Cluster = { brokers, topic, clientId, ...(await openSecurity(brokers, options.security ?? {})) }
  if (!(await checkApiRanges(brokers, cluster.tls)))
    throw changestreamErrors.kafkaUnreachable({ brokers, reason: 'no broker answers' })
  const admin = createClient(cluster, report).admin()
  try {
    await admin.connect()
    const present = new Set(await admin.listTopics())
    const carried = topic + CARRIED_SUFFIX
    const examined = async (settings: TopicSettings): Promise<TopicCondition> => {
      if (!present.has(settings.topic)) return { topic: settings.topic, ...ABSENT }
      const complaints = await complaintsAboutTopic(admin, settings)
      const offsets = await admin.fetchTopicOffsets(settings.topic)
      const records = offsets.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0)
      return { topic: settings.topic, isThere: true, ...complaints, records }
    }
    const topics = [await examined({ ...options, topic })]
    if (present.has(carried)) topics.push(await examined(carriedSettings(options, carried)))
    for (const other of others) topics.push({ topic: other, ...ABSENT, isThere: present.has(other) })
    return { brokers: (await admin.describeCluster()).brokers.length, topics }
  } catch (error) {
    throw kafkaFailure(cluster, 'examine', error)
  } finally {
    await disconnect('the admin client', admin, report)
  }
}
