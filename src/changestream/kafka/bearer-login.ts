import type { Mechanism } from 'kafkajs'
import { changestreamErrors } from '../errors.ts'

const SEPARATOR = '\u0001'

/**
 * OAUTHBEARER (RFC 7628) for kafkajs, whose own one does not read the reply: a broker that refuses the token then looks like
 * one that hangs up. `token` is asked at every login.
 */
export const bearerLogin = (token: () => Promise<string>): Mechanism => ({
  mechanism: 'oauthbearer',
  authenticationProvider: ({ host, port, saslAuthenticate }) => ({
    async authenticate() {
      const value = await token().catch(cause => {
        throw Object.assign(new Error('There is no token.', { cause }), NOT_HERE)
      })
      const text = `n,,${SEPARATOR}auth=Bearer ${value}${SEPARATOR}${SEPARATOR}`
      const reply = await saslAuthenticate({ request: { encode: () => withLength(text) }, response: REPLY })
      if (!reply) return
      throw changestreamErrors.kafkaLoginRefused({
        brokers: [`${host}:${port}`],
        mechanism: 'OAUTHBEARER',
        reason: `the broker says ${statusIn(reply)}`,
      })
    },
  }),
})

/** kafkajs would try again on the same connection, where the broker takes no second handshake. */
const NOT_HERE = { retriable: false }

/** Empty where the token is taken, else JSON with a status. */
const REPLY = { decode: (raw: Buffer) => raw.subarray(4), parse: (data: Buffer) => data.toString('utf8') }

function withLength(text: string): Buffer {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(4)
  length.writeInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

const statusIn = (reply: string): string => /"status" *: *"([a-z_]{1,40})"/.exec(reply)?.[1] ?? 'no'
