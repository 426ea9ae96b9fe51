import type { ConnectionOptions } from 'node:tls'
import kafkajs, { type Kafka, type Mechanism, type SASLOptions } from 'kafkajs'
import type { KafkaReport } from '../report.ts'
import { useOwnWire } from './own-wire.ts'
import { quietTimer } from './quiet-timer.ts'

export type Cluster = {
  readonly brokers: readonly string[]
  readonly topic: string
  readonly clientId: string
  readonly tls?: ConnectionOptions | undefined
  readonly sasl?: SASLOptions | Mechanism | undefined
  /** For sentences: how the client logs in. */
  readonly mechanism?: string | undefined
}

export const RETRIES = { initialRetryTime: 200, maxRetryTime: 5_000, retries: 5 } as const

/** @throws WHOHAD_KAFKA_CLIENT_UNKNOWN */
export function createClient(cluster: Cluster, report: KafkaReport): Kafka {
  useOwnWire()
  if (!quietTimer()) report.kafkaFault({ fault: 'busy-timer', detail: 'this version of kafkajs is not the one known' })
  return new kafkajs.Kafka({
    clientId: cluster.clientId,
    brokers: [...cluster.brokers],
    ...(cluster.tls && { ssl: cluster.tls }),
    ...(cluster.sasl && { sasl: cluster.sasl }),
    connectionTimeout: 3_000,
    retry: RETRIES,
    logLevel: kafkajs.logLevel.WARN,
    logCreator:
      () =>
      ({ level, namespace, log }) => {
        const text = typeof log['error'] === 'string' ? `${log.message}: ${log['error']}` : log.message
        report.kafkaClientSaid({ level: level === kafkajs.logLevel.ERROR ? 'error' : 'warn', scope: namespace, text })
      },
  })
}

const LONGEST_DISCONNECT_MS = 10_000

/** kafkajs waits for what is on its way and so can take half a minute; nobody here waits so long for nothing. */
export async function disconnect(
  what: string,
  client: { disconnect(): Promise<void> },
  report: KafkaReport,
  patienceMs = LONGEST_DISCONNECT_MS,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>(resolve => {
    timer = setTimeout(() => resolve('late'), patienceMs)
  })
  // A failure to say good-bye changes nothing: the broker will notice.
  const outcome = await Promise.race([client.disconnect().catch(() => {}), late])
  clearTimeout(timer)
  if (outcome === 'late') report.kafkaFault({ fault: 'late-disconnect', detail: what })
}
