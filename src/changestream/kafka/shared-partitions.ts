import type { KafkaMessage } from 'kafkajs'

export type TopicMessage = { readonly partition: number; readonly offset: number; readonly value: Uint8Array | null }

/** Up to where a partition may be committed: one past the last message of which all before it are finished. */
export type Commit = { readonly partition: number; readonly next: number }

type Partition = {
  /** One past the newest message that was accepted. */
  next: number
  committed: number
  /** Accepted and not finished, in the order of their offsets. */
  readonly open: Map<number, TopicMessage>
}

/** What a member of a consumer group has of its partitions: which messages wait to be handed out, and which are not finished. */
export class SharedPartitions {
  private readonly partitions = new Map<number, Partition>()
  private queue: TopicMessage[] = []

  /** Messages that were not handed out yet. */
  get waiting(): number {
    return this.queue.length
  }

  /** What was accepted before is passed over: after every change in the group the client fetches from the last commit on. */
  accept(partition: number, messages: readonly Pick<KafkaMessage, 'offset' | 'value'>[]): void {
    const first = Number(messages[0]?.offset ?? 0)
    const held = this.partitions.get(partition) ?? { next: first, committed: first, open: new Map() }
    this.partitions.set(partition, held)
    for (const { offset: text, value } of messages) {
      const offset = Number(text)
      if (offset < held.next) continue
      const message = { partition, offset, value }
      held.next = offset + 1
      held.open.set(offset, message)
      this.queue.push(message)
    }
  }

  handOut(): readonly TopicMessage[] {
    const messages = this.queue
    this.queue = []
    return messages
  }

  /** Messages of partitions that are not ours any more count for nothing. Asked again, it says the same until `committed`. */
  finish(messages: readonly TopicMessage[]): readonly Commit[] {
    for (const message of messages) {
      const held = this.partitions.get(message.partition)
      if (held?.open.get(message.offset) === message) held.open.delete(message.offset)
    }
    return [...this.partitions].flatMap(([partition, { open, next, committed }]) => {
      const [first = next] = open.keys()
      return first > committed ? [{ partition, next: first }] : []
    })
  }

  committed(commits: readonly Commit[]): void {
    for (const { partition, next } of commits) {
      const held = this.partitions.get(partition)
      if (held) held.committed = next
    }
  }

  /** Forgets all other partitions; returns what was handed out of them and is not finished. */
  keepOnly(kept: readonly number[]): readonly TopicMessage[] {
    const gone = [...this.partitions].filter(([partition]) => !kept.includes(partition))
    const queued = new Set(this.queue)
    for (const [partition] of gone) this.partitions.delete(partition)
    this.queue = this.queue.filter(({ partition }) => this.partitions.has(partition))
    return gone.flatMap(([, { open }]) => [...open.values()]).filter(message => !queued.has(message))
  }
}
