/** How long the adapter waits for Kafka, and how often it begins again. */
export type Patience = {
  /** Between two looks at the end of the topic while nothing comes. */
  readonly stallMs: number
  /** New consumers in a row that bring no record, where the brokers do answer. */
  readonly rebuilds: number
  readonly firstDelayMs: number
  readonly longestDelayMs: number
  readonly disconnectMs: number
}

export const PATIENCE: Patience = {
  stallMs: 15_000, // a rejoin of the group can take 20 s, and a stall is declared at the second look
  rebuilds: 5,
  firstDelayMs: 500,
  longestDelayMs: 30_000,
  disconnectMs: 10_000,
}
