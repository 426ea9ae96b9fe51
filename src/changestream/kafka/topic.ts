import type { Admin } from 'kafkajs'
import { changestreamErrors } from '../errors.ts'
import type { KafkaReport } from '../report.ts'
import { askedOfNewTopic } from './new-topic.ts'
import { checkTopic } from './topic-check.ts'
import { FOR_EVER, type TopicSettings } from './topic-settings.ts'

/**
 * Makes the topic where it is missing and may be made, and checks what is there: refuses one that would lose history or order,
 * and reports what endangers it.
 * @throws WHOHAD_KAFKA_TOPIC_UNSUITABLE, WHOHAD_KAFKA_TOPIC_MISSING
 */
export async function prepareTopic(
  admin: Admin,
  settings: TopicSettings,
  report: KafkaReport,
  mayCreate = true,
): Promise<void> {
  const topics = await admin.listTopics()
  if (!topics.includes(settings.topic)) {
    if (!mayCreate) throw changestreamErrors.kafkaTopicMissing({ topic: settings.topic })
    await createTopic(admin, settings)
    // A broker that is busy names itself as the leader before it takes or gives records.
    await askedOfNewTopic(() => admin.fetchTopicOffsets(settings.topic))
  }
  await askedOfNewTopic(() => checkTopic(admin, settings, report))
}

async function createTopic(admin: Admin, settings: TopicSettings): Promise<void> {
  const { topic, partitions, retentionMs = FOR_EVER, retentionBytes = FOR_EVER } = settings
  const brokers = (await admin.describeCluster()).brokers.length
  const replicationFactor = settings.replicationFactor ?? Math.min(3, brokers)
  const minInsyncReplicas = settings.minInsyncReplicas ?? Math.max(1, replicationFactor - 1)
  // False where another process was faster; then its topic is checked.
  await admin.createTopics({
    waitForLeaders: true,
    topics: [
      {
        topic,
        numPartitions: partitions,
        replicationFactor,
        configEntries: [
          { name: 'cleanup.policy', value: 'delete' },
          { name: 'retention.ms', value: String(retentionMs) },
          { name: 'retention.bytes', value: String(retentionBytes) },
          { name: 'min.insync.replicas', value: String(minInsyncReplicas) },
          { name: 'message.timestamp.type', value: 'LogAppendTime' },
          { name: 'compression.type', value: 'producer' },
          { name: 'unclean.leader.election.enable', value: 'false' },
        ],
      },
    ],
  })
}
