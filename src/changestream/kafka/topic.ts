import kafkajs, { type Admin } from 'kafkajs'
import { changestreamErrors } from '../errors.ts'

export type TopicSettings = {
  readonly topic: string
  /** Fixed for the topic's life: a source's partition depends on it. */
  readonly partitions: number
  /** By default three, or as many as there are brokers. */
  readonly replicationFactor?: number
  /** How long the broker keeps records; −1 for ever. */
  readonly retentionMs: number
}

/**
 * Makes the topic where it is missing, and refuses one that would lose history or order.
 * @throws WHOHAD_KAFKA_TOPIC_UNSUITABLE
 */
export async function prepareTopic(admin: Admin, settings: TopicSettings): Promise<void> {
  const topics = await admin.listTopics()
  if (!topics.includes(settings.topic)) await createTopic(admin, settings)
  await checkTopic(admin, settings)
}

async function createTopic(admin: Admin, settings: TopicSettings): Promise<void> {
  const brokers = (await admin.describeCluster()).brokers.length
  const replicationFactor = settings.replicationFactor ?? Math.min(3, brokers)
  // False where another process was faster; then its topic is checked.
  await admin.createTopics({
    waitForLeaders: true,
    topics: [
      {
        topic: settings.topic,
        numPartitions: settings.partitions,
        replicationFactor,
        configEntries: [
          { name: 'cleanup.policy', value: 'delete' },
          { name: 'retention.ms', value: String(settings.retentionMs) },
          { name: 'retention.bytes', value: '-1' },
          { name: 'min.insync.replicas', value: String(Math.max(1, replicationFactor - 1)) },
          { name: 'message.timestamp.type', value: 'LogAppendTime' },
        ],
      },
    ],
  })
}

async function checkTopic(admin: Admin, { topic, partitions }: TopicSettings): Promise<void> {
  const metadata = await admin.fetchTopicMetadata({ topics: [topic] })
  const found = metadata.topics[0]?.partitions.length ?? 0
  if (found !== partitions) {
    throw changestreamErrors.kafkaTopicUnsuitable({
      topic,
      setting: 'a partition count of',
      is: String(found),
      wanted: `${partitions}, as kafka.partitions says`,
      mend: `Set kafka.partitions to ${found} (WHOHAD_KAFKA__PARTITIONS) if the topic was made that way; if partitions were added later, sources have moved between them: move the records to a new topic and set kafka.topic.`,
    })
  }
  const policy = await configOf(admin, topic, 'cleanup.policy')
  if (policy !== 'delete') {
    throw changestreamErrors.kafkaTopicUnsuitable({
      topic,
      setting: 'cleanup.policy',
      is: policy,
      wanted: '"delete", because compaction erases the history of who held what',
      mend: `Set it with kafka-configs.sh --alter --entity-type topics --entity-name ${topic} --add-config cleanup.policy=delete; what was compacted away is lost.`,
    })
  }
}

async function configOf(admin: Admin, topic: string, name: string): Promise<string> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: [name] }],
  })
  const entries = resources[0]?.configEntries ?? []
  return entries.find(({ configName }) => configName === name)?.configValue ?? ''
}
