import type { SharedTopic } from '../../changestream/kafka/shared-topic.ts'
import type { MessageSource } from './message-place.ts'

type TopicMessage = Awaited<ReturnType<SharedTopic['receive']>>[number]

/** A Kafka topic of object names as a source of messages, shared out among the members of a consumer group. */
export function topicSource(topic: SharedTopic): MessageSource<TopicMessage> {
  return {
    async receive(waitMs, signal) {
      const messages = await topic.receive(waitMs, signal)
      return messages.map(message => ({
        message,
        id: `partition ${message.partition}, offset ${message.offset}`,
        text: Buffer.from(message.value ?? []).toString(),
      }))
    },
    finish: topic.finish,
    onLost: topic.onLost,
    close: topic.close,
  }
}
