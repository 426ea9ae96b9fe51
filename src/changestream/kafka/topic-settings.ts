export type TopicSettings = {
  readonly topic: string
  /** Fixed for the topic's life: a source's partition depends on it. */
  readonly partitions: number
  /** By default three, or as many as there are brokers. */
  readonly replicationFactor?: number | undefined
  /** How many replicas must have a record before it counts as written; by default one less than there are. */
  readonly minInsyncReplicas?: number | undefined
  /** How long the broker keeps records; −1, the default, for ever. */
  readonly retentionMs?: number | undefined
  /** How much of each partition the broker keeps; −1, the default, for all. */
  readonly retentionBytes?: number | undefined
  /** How long whohad keeps history before it lets go of it in good order (`retention.days`); for ever where it is left out. */
  readonly historyMs?: number | undefined
}

export const FOR_EVER = -1

/**
 * By how much longer the broker must keep records than whohad keeps history: retention goes by days, and a day is for a whohad
 * that does not run.
 */
export const RETENTION_MARGIN_MS = 2 * 24 * 3600 * 1000
