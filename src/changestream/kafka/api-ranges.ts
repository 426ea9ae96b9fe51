import { connect as connectPlain, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { changestreamErrors } from '../errors.ts'
import { isTlsFailure } from './failure.ts'

/** An API of the protocol: the versions that kafkajs can speak, from the lowest with which whohad can work. */
type ApiNeed = { readonly api: string; readonly key: number; readonly from: number; readonly to: number }

/** kafkajs 2.2.4 (src/protocol/requests); a test compares `to` with what it has. */
export const API_NEEDS: readonly ApiNeed[] = [
  { api: 'Produce', key: 0, from: 3, to: 7 },
  { api: 'Fetch', key: 1, from: 11, to: 11 },
  { api: 'ListOffsets', key: 2, from: 1, to: 3 },
  { api: 'Metadata', key: 3, from: 1, to: 6 },
  { api: 'OffsetCommit', key: 8, from: 2, to: 5 },
  { api: 'OffsetFetch', key: 9, from: 1, to: 4 },
  { api: 'FindCoordinator', key: 10, from: 0, to: 2 },
  { api: 'JoinGroup', key: 11, from: 0, to: 5 },
  { api: 'Heartbeat', key: 12, from: 0, to: 3 },
  { api: 'LeaveGroup', key: 13, from: 0, to: 3 },
  { api: 'SyncGroup', key: 14, from: 0, to: 3 },
  { api: 'SaslHandshake', key: 17, from: 0, to: 1 },
  { api: 'ApiVersions', key: 18, from: 0, to: 2 },
  { api: 'CreateTopics', key: 19, from: 0, to: 3 },
  { api: 'DescribeConfigs', key: 32, from: 0, to: 2 },
  { api: 'SaslAuthenticate', key: 36, from: 0, to: 1 },
]

/** By API key, the lowest and highest version that a broker speaks. */
type Ranges = ReadonlyMap<number, { readonly min: number; readonly max: number }>

const PATIENCE_MS = 3_000
const LARGEST_REPLY_BYTES = 64 * 1024

/**
 * Asks every broker that answers which versions it speaks. kafkajs takes the lower of its own and the broker's highest
 * version and never looks at the broker's lowest, so that a broker which has dropped what kafkajs speaks would fail later, at
 * the first request of that kind.
 *
 * @returns Whether any broker answered.
 * @throws WHOHAD_KAFKA_BROKER_UNSUPPORTED, WHOHAD_KAFKA_TLS_FAILED
 */
export async function checkApiRanges(brokers: readonly string[], tls: ConnectionOptions | undefined): Promise<boolean> {
  const replies = await Promise.allSettled(brokers.map(broker => askRanges(broker, tls)))
  for (const [index, reply] of replies.entries()) {
    const broker = brokers[index] ?? ''
    if (reply.status === 'fulfilled') checkRanges(broker, reply.value)
    else if (isTlsFailure(reply.reason)) throw tlsFailed(broker, reply.reason)
  }
  return replies.some(({ status }) => status === 'fulfilled')
}

const tlsFailed = (broker: string, cause: Error) =>
  changestreamErrors.kafkaTlsFailed({ brokers: [broker], reason: cause.message }, cause)

function checkRanges(broker: string, ranges: Ranges): void {
  for (const { api, key, from, to } of API_NEEDS) {
    const found = ranges.get(key)
    const age = found === undefined || found.max < from ? 'old' : found.min > to ? 'new' : undefined
    if (age === undefined) continue
    const offers = found ? `versions ${found.min} to ${found.max}` : 'none'
    throw changestreamErrors.kafkaBrokerUnsupported({ broker, age, api, offers, needs: `${from} to ${to}` })
  }
}

/** ApiVersions (key 18) in its version 0, the first request of every client; brokers answer it before any login. */
function askRanges(broker: string, tls: ConnectionOptions | undefined): Promise<Ranges> {
  const port = Number(broker.slice(broker.lastIndexOf(':') + 1))
  const host = broker.slice(0, broker.lastIndexOf(':'))
  const request = Buffer.alloc(14)
  request.writeInt32BE(request.length - 4, 0)
  request.writeInt16BE(18, 4)
  request.writeInt16BE(-1, 12) // no client id
  return new Promise((resolve, reject) => {
    const ask = () => socket.write(request)
    const socket: Socket = tls
      ? connectTls({ host, port, ...serverName(host), ...tls }, ask)
      : connectPlain({ host, port }, ask)
    let reply = Buffer.alloc(0)
    const end = (settle: () => void) => {
      socket.destroy()
      settle()
    }
    socket.setTimeout(PATIENCE_MS, () => end(() => reject(new Error('no answer'))))
    socket.once('error', error => end(() => reject(error)))
    socket.once('close', () => reject(new Error('closed without an answer')))
    socket.on('data', chunk => {
      reply = Buffer.concat([reply, chunk])
      if (reply.length < 4) return
      const bytes = reply.readInt32BE(0)
      if (bytes < 10 || bytes > LARGEST_REPLY_BYTES) end(() => reject(notKafka(reply)))
      else if (reply.length >= 4 + bytes) end(() => resolve(readRanges(reply.subarray(0, 4 + bytes))))
    })
  })
}

/** A name is asked for and checked; an address is checked against the certificate as it is. */
const serverName = (host: string): ConnectionOptions => (/[a-z]/i.test(host) ? { servername: host } : {})

/** A TLS port answers plain text with an alert: content type 21, version 3.x. */
const notKafka = (reply: Buffer): Error =>
  reply[0] === 21 && reply[1] === 3
    ? Object.assign(new Error('the port speaks TLS, and kafka.tls is false'), { code: 'ERR_SSL_EXPECTED' })
    : new Error('what answers there does not speak the Kafka protocol')

/** After size and correlation id: error code, count, and for each API key, lowest and highest version. */
function readRanges(reply: Buffer): Ranges {
  const count = reply.length < 14 ? 0 : Math.min(reply.readInt32BE(10), Math.floor((reply.length - 14) / 6))
  return new Map(
    Array.from({ length: Math.max(0, count) }, (_, i) => {
      const at = 14 + 6 * i
      return [reply.readInt16BE(at), { min: reply.readInt16BE(at + 2), max: reply.readInt16BE(at + 4) }]
    }),
  )
}
