import { readFile } from 'node:fs/promises'
import { BlockList } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { Mechanism, SASLOptions } from 'kafkajs'
import { reasonOf } from '../../runtime/errors.ts'
import { changestreamErrors } from '../errors.ts'
import { bearerLogin } from './bearer-login.ts'

/** A secret itself, or the file that holds it; the file's last line break does not count. */
export type Secret = { readonly value: string } | { readonly file: string }

export type KafkaLogin =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
      readonly username: string
      readonly password: Secret
    }
  /** `token` is asked at every login, and keeps what is still valid: client credentials, or a signer for MSK. */
  | { readonly mechanism: 'oauthbearer'; readonly token: () => Promise<string> }

export type KafkaSecurity = {
  /** Where it is left out: on, unless every broker is on loopback. */
  readonly tls?: boolean | undefined
  /** Go without TLS beyond loopback. */
  readonly insecure?: boolean | undefined
  /** PEM files: who signs the brokers' certificates (else the public authorities), and our own certificate and key. */
  readonly caFile?: string | undefined
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
  readonly keyPassphrase?: Secret | undefined
  readonly login?: KafkaLogin | undefined
}

/** What kafkajs and our own first request take. */
export type OpenedSecurity = {
  readonly tls: ConnectionOptions | undefined
  readonly sasl: SASLOptions | Mechanism | undefined
  readonly mechanism: string | undefined
}

/**
 * Reads the files and decides about TLS.
 * @throws WHOHAD_KAFKA_INSECURE, WHOHAD_KAFKA_FILE_UNREADABLE
 */
export async function openSecurity(brokers: readonly string[], security: KafkaSecurity): Promise<OpenedSecurity> {
  const remote = brokers.filter(broker => !isLoopback(broker))
  const withTls = security.tls ?? remote.length > 0
  if (!withTls && remote.length > 0 && !security.insecure) throw changestreamErrors.kafkaInsecure({ brokers: remote })
  return {
    tls: withTls ? await openTls(security) : undefined,
    sasl: security.login && (await openLogin(security.login)),
    mechanism: security.login?.mechanism.toUpperCase(),
  }
}

async function openTls({ caFile, certFile, keyFile, keyPassphrase }: KafkaSecurity): Promise<ConnectionOptions> {
  return {
    minVersion: 'TLSv1.2',
    ...(caFile && { ca: await readPem('kafka.tlsCaFile', caFile) }),
    ...(certFile && { cert: await readPem('kafka.tlsCertFile', certFile) }),
    ...(keyFile && { key: await readPem('kafka.tlsKeyFile', keyFile) }),
    ...(keyPassphrase && { passphrase: await readSecret('kafka.tlsKeyPassphraseFile', keyPassphrase) }),
  }
}

async function openLogin(login: KafkaLogin): Promise<SASLOptions | Mechanism> {
  if (login.mechanism === 'oauthbearer') return bearerLogin(login.token)
  const password = await readSecret('kafka.saslPasswordFile', login.password)
  return { mechanism: login.mechanism, username: login.username, password } as SASLOptions
}

async function readPem(key: string, file: string): Promise<string> {
  const text = await readText(key, file)
  if (!text.includes('-----BEGIN '))
    throw changestreamErrors.kafkaFileUnreadable({ key, file, reason: 'it is not PEM' })
  return text
}

export async function readSecret(key: string, secret: Secret): Promise<string> {
  return 'value' in secret ? secret.value : (await readText(key, secret.file)).replace(/\r?\n$/, '')
}

async function readText(key: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw changestreamErrors.kafkaFileUnreadable({ key, file, reason: reasonOf(cause) }, cause)
  }
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)

/** Only addresses count, and the one name that RFC 6761 §6.3 reserves: any other name may resolve to anything. */
export function isLoopback(broker: string): boolean {
  const host = broker.slice(0, broker.lastIndexOf(':'))
  return host === 'localhost' || loopback.check(host)
}
