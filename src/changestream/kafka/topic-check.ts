import kafkajs, { type Admin } from 'kafkajs'
import { changestreamErrors } from '../errors.ts'
import type { KafkaReport } from '../report.ts'
import { REQUEST_BYTES } from './requests.ts'
import { type Complaint, set } from './topic-complaint.ts'
import { aboutRetention } from './topic-retention.ts'
import type { TopicSettings } from './topic-settings.ts'

type Found = {
  readonly partitions: number
  readonly replicas: number
  readonly brokers: number
  readonly config: ReadonlyMap<string, string>
}

/**
 * Refuses what would make answers wrong or writing impossible. What only endangers history is reported and let pass: a poller
 * that does not start loses history now.
 * @throws WHOHAD_KAFKA_TOPIC_UNSUITABLE
 */
export async function checkTopic(admin: Admin, settings: TopicSettings, report: KafkaReport): Promise<void> {
  const { topic } = settings
  const {
    fatal: [fatal],
    doubts,
  } = await complaintsAboutTopic(admin, settings)
  if (fatal) throw changestreamErrors.kafkaTopicUnsuitable({ topic, ...fatal })
  for (const doubt of doubts) report.kafkaTopicDoubtful({ topic, ...doubt })
}

/** All that is wrong with a topic that is there: what it cannot be used with, and what endangers history. */
export async function complaintsAboutTopic(
  admin: Admin,
  settings: TopicSettings,
): Promise<{ readonly fatal: readonly Complaint[]; readonly doubts: readonly Complaint[] }> {
  const { topic } = settings
  const found = await findTopic(admin, topic)
  return {
    fatal: [...aboutPartitions(settings, found), ...aboutOrder(topic, found), ...aboutWriting(topic, found)],
    doubts: [...aboutReplicas(settings, found), ...aboutRetention(settings, found.config)],
  }
}

async function findTopic(admin: Admin, topic: string): Promise<Found> {
  const metadata = await admin.fetchTopicMetadata({ topics: [topic] })
  const partitions = metadata.topics[0]?.partitions ?? []
  const { brokers } = await admin.describeCluster()
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }],
  })
  const entries = resources[0]?.configEntries ?? []
  return {
    partitions: partitions.length,
    replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
    brokers: brokers.length,
    config: new Map(entries.map(({ configName, configValue }) => [configName, configValue])),
  }
}

function* aboutPartitions({ partitions }: TopicSettings, found: Found): Generator<Complaint> {
  if (found.partitions === partitions) return
  yield {
    setting: 'a partition count of',
    is: String(found.partitions),
    wanted: `${partitions}, as kafka.partitions says`,
    mend: `Set kafka.partitions to ${found.partitions} (WHOHAD_KAFKA__PARTITIONS) if the topic was made that way; if partitions were added later, sources have moved between them: move the records to a new topic and set kafka.topic.`,
  }
}

function* aboutOrder(topic: string, { config }: Found): Generator<Complaint> {
  const policy = config.get('cleanup.policy') ?? ''
  if (policy !== 'delete') {
    yield {
      setting: 'cleanup.policy',
      is: policy,
      wanted: '"delete", because compaction erases the history of who held what',
      mend: `Set it with ${set(topic, 'cleanup.policy=delete')}; what was compacted away is lost.`,
    }
  }
  const clock = config.get('message.timestamp.type') ?? ''
  if (clock !== 'LogAppendTime') {
    yield {
      setting: 'message.timestamp.type',
      is: clock,
      wanted: '"LogAppendTime", because the broker’s clock says what was known when',
      mend: `Set it with ${set(topic, 'message.timestamp.type=LogAppendTime')}; records that are there keep the times of those who wrote them.`,
    }
  }
}

const READABLE = new Set(['producer', 'gzip', 'uncompressed'])

function* aboutWriting(topic: string, { config, replicas }: Found): Generator<Complaint> {
  const least = Number(config.get('min.insync.replicas') ?? 1)
  if (least > replicas) {
    yield {
      setting: 'min.insync.replicas',
      is: String(least),
      wanted: `at most ${replicas}, the number of its replicas: nothing could ever be written`,
      mend: `Set it with ${set(topic, `min.insync.replicas=${Math.max(1, replicas - 1)}`)}, or give the topic more replicas with kafka-reassign-partitions.sh.`,
    }
  }
  const compression = config.get('compression.type') ?? 'producer'
  if (!READABLE.has(compression)) {
    yield {
      setting: 'compression.type',
      is: compression,
      wanted: '"producer", because whohad reads gzip and uncompressed records only',
      mend: `Set it with ${set(topic, 'compression.type=producer')}.`,
    }
  }
  const largest = Number(config.get('max.message.bytes') ?? Number.POSITIVE_INFINITY)
  if (largest < REQUEST_BYTES.atLeast) {
    yield {
      setting: 'max.message.bytes',
      is: String(largest),
      wanted: `at least ${REQUEST_BYTES.atLeast}, so that a poll’s records fit`,
      mend: `Set it with ${set(topic, 'max.message.bytes=1048588')}, the broker’s default.`,
    }
  }
}

function* aboutReplicas(settings: TopicSettings, { config, replicas, brokers }: Found): Generator<Complaint> {
  const { topic } = settings
  const wanted = settings.replicationFactor ?? Math.min(3, brokers)
  if (replicas < wanted) {
    yield {
      setting: 'a replication factor of',
      is: String(replicas),
      wanted: `${wanted}, so that a lost broker loses no history`,
      mend: 'Add replicas with kafka-reassign-partitions.sh.',
    }
  }
  const least = Number(config.get('min.insync.replicas') ?? 1)
  const enough = settings.minInsyncReplicas ?? Math.max(1, replicas - 1)
  if (least < enough) {
    yield {
      setting: 'min.insync.replicas',
      is: String(least),
      wanted: `${enough} with ${replicas} replicas, so that an acknowledged record survives a lost broker`,
      mend: `Set it with ${set(topic, `min.insync.replicas=${enough}`)}.`,
    }
  }
  if (config.get('unclean.leader.election.enable') === 'true') {
    yield {
      setting: 'unclean.leader.election.enable',
      is: 'true',
      wanted: '"false", because a replica that lags may else become the leader and drop acknowledged records',
      mend: `Set it with ${set(topic, 'unclean.leader.election.enable=false')}.`,
    }
  }
}
