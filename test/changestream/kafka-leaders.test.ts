import { expect, test } from 'vitest'
import { fetchOffsets } from '../../src/changestream/kafka/offsets.ts'

/** As kafkajs passes on what a broker says. */
const refusal = (type: string) => Object.assign(new Error(type), { type })

function topicAfter(...refusals: readonly string[]) {
  const left = [...refusals]
  const fetchTopicOffsets = async () => {
    const type = left.shift()
    if (type !== undefined) throw refusal(type)
    return [{ partition: 0, offset: '9', low: '2', high: '9' }]
  }
  return { fetchTopicOffsets, left }
}

test('while a partition has no leader, its bounds are asked for again', async () => {
  const topic = topicAfter('NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE')
  expect(await fetchOffsets(topic, 'changes', 1)).toEqual({ first: [2], end: [9] })
})

test('what does not pass is said at once', async () => {
  const topic = topicAfter('TOPIC_AUTHORIZATION_FAILED', 'unasked')
  await expect(fetchOffsets(topic, 'changes', 1)).rejects.toThrow('TOPIC_AUTHORIZATION_FAILED')
  expect(topic.left).toEqual(['unasked'])
})
