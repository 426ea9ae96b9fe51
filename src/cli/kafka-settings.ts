import type { Static } from 'typebox'
import type { CodecOptions } from '../changestream/codec.ts'
import { iamToken } from '../changestream/kafka/iam-token.ts'
import type { KafkaLogOptions } from '../changestream/kafka/kafka-log.ts'
import { clientCredentials } from '../changestream/kafka/oauth-token.ts'
import { isLoopback, type KafkaLogin, type KafkaSecurity, type Secret } from '../changestream/kafka/security.ts'
import { RETENTION_MARGIN_MS } from '../changestream/kafka/topic-settings.ts'
import type { SettingsSchema } from './settings-schema.ts'

type Settings = Static<typeof SettingsSchema>
type KafkaSettings = Settings['kafka']

/** What `openKafkaLog` takes, besides the report, of settings without complaints. */
export function kafkaLogOptionsOf(kafka: KafkaSettings): Omit<KafkaLogOptions, 'report'> {
  const { brokers, topic, partitions, replicationFactor, minInsyncReplicas, retentionSeconds, retentionBytes } = kafka
  return {
    brokers,
    topic,
    partitions,
    replicationFactor,
    minInsyncReplicas,
    retentionMs: retentionSeconds === undefined ? undefined : Math.round(retentionSeconds * 1000),
    retentionBytes,
    compression: kafka.compression,
    security: securityOf(kafka),
  }
}

function securityOf(kafka: KafkaSettings): KafkaSecurity {
  const { tls, insecure, tlsCaFile, tlsCertFile, tlsKeyFile, tlsKeyPassphraseFile } = kafka
  return {
    tls,
    insecure,
    caFile: tlsCaFile,
    certFile: tlsCertFile,
    keyFile: tlsKeyFile,
    keyPassphrase: tlsKeyPassphraseFile === undefined ? undefined : { file: tlsKeyPassphraseFile },
    login: loginOf(kafka),
  }
}

function loginOf(kafka: KafkaSettings): KafkaLogin | undefined {
  const {
    saslMechanism: mechanism,
    saslUsername: username = '',
    oauthTokenUrl: url = '',
    oauthClientId: clientId = '',
    awsRegion: region = '',
  } = kafka
  switch (mechanism) {
    case undefined:
      return undefined
    case 'oauthbearer': {
      const clientSecret = secretOf(kafka.oauthClientSecret, kafka.oauthClientSecretFile)
      return { mechanism, token: clientCredentials({ url, clientId, clientSecret, scope: kafka.oauthScope }) }
    }
    case 'aws-msk-iam':
      return { mechanism: 'oauthbearer', token: iamToken({ region }) }
    default:
      return {
        mechanism,
        username,
        password: secretOf(kafka.saslPassword, kafka.saslPasswordFile),
      }
  }
}

/** What `createCodec` takes of them. */
export function codecOptionsOf(kafka: KafkaSettings): Pick<CodecOptions, 'topic' | 'registry' | 'schemaFolder'> {
  const { topic, schemaRegistryUrl: url, schemaRegistryUsername: username, schemaFolder } = kafka
  const password = secretOf(kafka.schemaRegistryPassword, kafka.schemaRegistryPasswordFile)
  const login = username === undefined ? undefined : { username, password }
  return { topic, registry: url === undefined ? undefined : { url, login }, schemaFolder }
}

const secretOf = (value: string | undefined, file = ''): Secret => (value === undefined ? { file } : { value })

/** What each key alone does not show. */
export function complaintsAboutKafka(kafka: KafkaSettings): string[] {
  return [...aboutFiles(kafka), ...aboutLogin(kafka), ...aboutRegistry(kafka)]
}

/** The broker must not be faster than whohad, which keeps what is still needed before it lets go of history. */
export function* complaintsAboutRetention({
  kafka,
  retention,
}: Pick<Settings, 'kafka' | 'retention'>): Generator<string> {
  const { retentionSeconds } = kafka
  if (retentionSeconds === undefined || retention.days === undefined) return
  const least = retention.days * DAY_SECONDS + RETENTION_MARGIN_MS / 1000
  if (retentionSeconds < least)
    yield `kafka.retentionSeconds (${retentionSeconds}) must be at least ${least}, two days more than retention.days (${retention.days}), so that the broker removes nothing that whohad has not kept yet; leave it out, or lower retention.days`
}

const DAY_SECONDS = 24 * 3600

function* aboutFiles({ tlsCertFile, tlsKeyFile }: KafkaSettings): Generator<string> {
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined))
    yield 'kafka.tlsCertFile and kafka.tlsKeyFile go together: give both or neither'
}

type Key = keyof KafkaSettings

/** Which keys a way to log in takes: those that it needs, two of which it needs one, and those that may be left out. */
type LoginKeys = { readonly needed: readonly Key[]; readonly oneOf: readonly Key[]; readonly free: readonly Key[] }

const BY_PASSWORD: LoginKeys = { needed: ['saslUsername'], oneOf: ['saslPassword', 'saslPasswordFile'], free: [] }
const BY_TOKEN_CLIENT: LoginKeys = {
  needed: ['oauthTokenUrl', 'oauthClientId'],
  oneOf: ['oauthClientSecret', 'oauthClientSecretFile'],
  free: ['oauthScope'],
}
const BY_IAM: LoginKeys = { needed: ['awsRegion'], oneOf: [], free: [] }

function keysOf(mechanism: KafkaSettings['saslMechanism']): LoginKeys | undefined {
  if (mechanism === undefined) return undefined
  if (mechanism === 'oauthbearer') return BY_TOKEN_CLIENT
  return mechanism === 'aws-msk-iam' ? BY_IAM : BY_PASSWORD
}

function* aboutLogin(kafka: KafkaSettings): Generator<string> {
  const { saslMechanism: mechanism } = kafka
  const given = (key: Key) => kafka[key] !== undefined
  const keys = keysOf(mechanism)
  for (const { needed, oneOf, free } of [BY_PASSWORD, BY_TOKEN_CLIENT, BY_IAM].filter(other => other !== keys)) {
    for (const key of [...needed, ...oneOf, ...free].filter(given))
      yield `kafka.${key} has no effect with ${mechanism ? `kafka.saslMechanism ${mechanism}` : 'no kafka.saslMechanism'}`
  }
  if (keys === undefined) return
  for (const key of keys.needed) {
    if (!given(key)) yield `kafka.saslMechanism ${mechanism} needs kafka.${key}`
  }
  if (keys.oneOf.length > 0 && keys.oneOf.filter(given).length !== 1)
    yield `kafka.saslMechanism ${mechanism} needs one of ${keys.oneOf.map(key => `kafka.${key}`).join(' and ')}`
  const { oauthTokenUrl: url, insecure } = kafka
  if (url?.startsWith('http:') && !insecure && !isLoopback(new URL(url).host.replace(/(:\d+)?$/, ':80')))
    yield 'kafka.oauthTokenUrl must be https, because the client secret is sent there; kafka.insecure allows http'
}

function* aboutRegistry(kafka: KafkaSettings): Generator<string> {
  const { schemaRegistryUrl: url, schemaRegistryUsername: username, insecure } = kafka
  const secrets = [kafka.schemaRegistryPassword, kafka.schemaRegistryPasswordFile].filter(given => given !== undefined)
  if (url === undefined && (username !== undefined || secrets.length > 0))
    yield 'kafka.schemaRegistryUsername and its password have no effect without kafka.schemaRegistryUrl'
  if ((username === undefined) !== (secrets.length === 0) || secrets.length > 1)
    yield 'kafka.schemaRegistryUsername goes with one of kafka.schemaRegistryPassword and kafka.schemaRegistryPasswordFile'
  if (username !== undefined && url?.startsWith('http:') && !insecure && !isLoopback(hostAndPort(url)))
    yield 'kafka.schemaRegistryUrl must be https, because the password is sent there; kafka.insecure allows http'
}

const hostAndPort = (url: string): string => new URL(url).host.replace(/(:\d+)?$/, ':80')
