import { sharedTopic } from '../changestream/kafka/shared-topic.ts'
import type { FlowObjectStore } from '../enricher/flowlogs/s3.ts'
import { sqsQueue } from '../enricher/flowlogs/sqs.ts'
import { listingPlace } from '../enricher/places/listing.ts'
import { type MessageSource, messagePlace } from '../enricher/places/message-place.ts'
import type { ObjectPlace, UnreadableMessage } from '../enricher/places/object-place.ts'
import { queueSource } from '../enricher/places/queue.ts'
import { topicSource } from '../enricher/places/topic.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Store } from '../store/port.ts'
import { type FlowLogSettings, sinceMsOf } from './flow-log-settings.ts'
import { kafkaLogOptionsOf } from './kafka-settings.ts'
import type { Settings } from './settings.ts'
import type { Credentials } from './sources.ts'
import type { Report } from './telemetry.ts'

type PlaceParts = {
  readonly objects: FlowObjectStore
  readonly store: Pick<Store, 'insertDeadLetters'>
  readonly clock: Clock
  readonly report: Report
  readonly credentials: Credentials | undefined
}

/** A process that is killed keeps its messages from others for so long. */
const HIDDEN_SECONDS = 120

/** Where the objects of one entry come from: its queue or its topic, else a listing of its bucket. */
export function objectPlaceOf(flowLogs: FlowLogSettings, settings: Settings, parts: PlaceParts): ObjectPlace {
  const { prefix, region, queueUrl: url, topic, topicGroup: group, lateSeconds } = flowLogs
  const { objects, clock, report, credentials } = parts
  if (url !== undefined) {
    const queue = sqsQueue({ url, region, credentials })
    const source = queueSource({ queue, hiddenSeconds: HIDDEN_SECONDS, clock })
    return placeOn(source, `queue ${url.slice(url.lastIndexOf('/') + 1)}`, flowLogs, parts)
  }
  if (topic !== undefined) {
    const { brokers, security } = kafkaLogOptionsOf(settings.kafka)
    const source = topicSource(sharedTopic({ brokers, security, topic, group, report }))
    return placeOn(source, `topic ${topic}`, flowLogs, parts)
  }
  return listingPlace({ bucket: objects, prefix, sinceMs: sinceMsOf(flowLogs), lateMs: lateSeconds * 1000, clock })
}

function placeOn<Message>(
  source: MessageSource<Message>,
  name: string,
  { bucket, prefix, listSeconds }: FlowLogSettings,
  { objects, store, clock, report }: PlaceParts,
): ObjectPlace {
  return messagePlace(source, {
    name,
    bucket,
    prefix,
    find: objects.find,
    onUnreadable: (message: UnreadableMessage) =>
      store.insertDeadLetters([{ origin: name, ...message, atMs: clock.now() }]),
    passMs: listSeconds * 1000,
    clock,
    report,
  })
}
