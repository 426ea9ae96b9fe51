import { reasonOf, WhohadError } from '../../runtime/errors.ts'
import { changestreamErrors } from '../errors.ts'
import type { Cluster } from './client.ts'

/** One of our errors for whatever the client threw while `doing` something ("append to", "read"). */
export function kafkaFailure(cluster: Cluster, doing: string, error: unknown): WhohadError {
  const { brokers, topic, mechanism = 'no mechanism' } = cluster
  const chain = causesOf(error)
  const ours = chain.find(cause => cause instanceof WhohadError)
  if (ours) return ours
  const reason = reasonOf(error)
  const some = (is: (cause: Error) => boolean) => chain.some(is)
  if (some(isTlsFailure)) return changestreamErrors.kafkaTlsFailed({ brokers, reason }, error)
  if (some(({ name }) => name === 'KafkaJSSASLAuthenticationError'))
    return changestreamErrors.kafkaLoginRefused({ brokers, mechanism, reason }, error)
  if (some(isTopicGone)) return changestreamErrors.kafkaTopicGone({ topic, brokers }, error)
  if (some(isUnknownCompression)) return changestreamErrors.kafkaCompressionUnreadable({ topic, reason }, error)
  if (some(({ name }) => UNREACHABLE.has(name)))
    return changestreamErrors.kafkaUnreachable({ brokers, reason: withHint(cluster, reason) }, error)
  return changestreamErrors.kafkaFailed({ doing, topic, brokers, reason }, error)
}

const UNREACHABLE = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSBrokerNotFound',
  'KafkaJSRequestTimeoutError',
])

/** Node's codes for certificates that do not hold, and OpenSSL's own; a port without TLS just hangs up. */
export const isTlsFailure = (error: unknown): error is Error =>
  error instanceof Error &&
  (('code' in error && typeof error.code === 'string' && TLS_CODES.test(error.code)) ||
    /disconnected before secure TLS connection/.test(error.message))

const TLS_CODES = /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO_|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA)/

const isTopicGone = (error: Error): boolean => 'type' in error && error.type === 'UNKNOWN_TOPIC_OR_PARTITION'

const isUnknownCompression = ({ name, message }: Error): boolean =>
  name === 'KafkaJSNotImplemented' && /compression/.test(message)

/** A listener that wants a login closes the connection of whoever brings none. */
const withHint = ({ mechanism }: Cluster, reason: string): string =>
  mechanism === undefined && /^Closed connection/.test(reason)
    ? `${reason} (a listener that asks for a login does so; see kafka.saslMechanism)`
    : reason

export function causesOf(error: unknown): readonly Error[] {
  const chain: Error[] = []
  for (let cause = error; cause instanceof Error && !chain.includes(cause); cause = cause.cause) chain.push(cause)
  return chain
}
