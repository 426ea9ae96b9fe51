import type { Clock } from '../../runtime/clock.ts'
import { ticks } from '../../runtime/ticks.ts'
import type { MessageQueue, QueueMessage, Refused } from '../flowlogs/sqs.ts'
import type { MessageSource } from './message-place.ts'

export type QueueSourceSettings = {
  readonly queue: MessageQueue
  /** How long a message stays hidden after this process was last heard of. */
  readonly hiddenSeconds: number
  readonly clock: Clock
}

/** Two attempts to keep a message hidden may fail. */
const ATTEMPTS = 3

/**
 * An SQS queue as a source of messages. A message stays hidden from others for as long as this process has it, in work or held back,
 * and is deleted when it is finished. Who is killed lets go of its messages after `hiddenSeconds`; who ends, at once.
 */
export function queueSource({ queue, hiddenSeconds, clock }: QueueSourceSettings): MessageSource<QueueMessage> {
  const held = new Set<QueueMessage>()
  const closing = new AbortController()
  let lost: (messages: readonly QueueMessage[], reason: string) => void = () => {}
  let hiding: Promise<void> | undefined

  const letGo = (refused: readonly Refused[]) => {
    const ours = refused.filter(({ message }) => held.delete(message))
    const [first] = ours
    if (first)
      lost(
        ours.map(({ message }) => message),
        first.reason,
      )
  }
  const keepHidden = async () => {
    for await (const _tick of ticks(clock, (hiddenSeconds * 1000) / ATTEMPTS, closing.signal)) {
      // Where SQS cannot be reached, receiving says so; the next tick tries again.
      if (held.size > 0) letGo(await queue.hide([...held], hiddenSeconds).catch(() => []))
    }
  }

  return {
    async receive(waitMs, signal) {
      hiding ??= keepHidden()
      try {
        const messages = await queue.receive(waitMs / 1000, hiddenSeconds, signal)
        for (const message of messages) held.add(message)
        return messages.map(message => ({ message, id: message.id, text: message.body }))
      } catch (error) {
        if (signal?.aborted) return []
        throw error
      }
    },
    async finish(messages) {
      const ours = messages.filter(message => held.has(message))
      const refused = await queue.remove(ours)
      for (const message of ours) held.delete(message)
      // Somebody else has it by now, and will find its objects done.
      if (refused[0])
        lost(
          refused.map(({ message }) => message),
          refused[0].reason,
        )
    },
    onLost(listener) {
      lost = listener
    },
    async close() {
      closing.abort()
      await hiding
      await queue.hide([...held], 0).catch(() => [])
      queue.close()
    },
  }
}
