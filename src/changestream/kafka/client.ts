import kafkajs, { type Kafka } from 'kafkajs'
import { reasonOf, WhohadError } from '../../runtime/errors.ts'
import { changestreamErrors } from '../errors.ts'
import type { KafkaReport } from '../report.ts'
import { quietTimer } from './quiet-timer.ts'

export type Cluster = { readonly brokers: readonly string[]; readonly topic: string; readonly clientId: string }

export function createClient(cluster: Cluster, report: KafkaReport): Kafka {
  quietTimer()
  return new kafkajs.Kafka({
    clientId: cluster.clientId,
    brokers: [...cluster.brokers],
    connectionTimeout: 3_000,
    retry: { initialRetryTime: 200, maxRetryTime: 5_000, retries: 5 },
    logLevel: kafkajs.logLevel.WARN,
    logCreator:
      () =>
      ({ level, namespace, log }) => {
        const text = typeof log['error'] === 'string' ? `${log.message}: ${log['error']}` : log.message
        report.kafkaClientSaid({ level: level === kafkajs.logLevel.ERROR ? 'error' : 'warn', scope: namespace, text })
      },
  })
}

/** One of our errors for whatever the client threw while `doing` something ("append to", "read"). */
export function kafkaFailure(cluster: Cluster, doing: string, error: unknown): WhohadError {
  if (error instanceof WhohadError) return error
  const reason = reasonOf(error)
  return isUnreachable(error)
    ? changestreamErrors.kafkaUnreachable({ brokers: cluster.brokers, reason }, error)
    : changestreamErrors.kafkaFailed({ doing, topic: cluster.topic, brokers: cluster.brokers, reason }, error)
}

const UNREACHABLE = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSBrokerNotFound',
  'KafkaJSRequestTimeoutError',
])

function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return UNREACHABLE.has(error.name) || (error.cause !== error && isUnreachable(error.cause))
}
