import type { Static } from 'typebox'
import type { CodecOptions } from '../changestream/codec.ts'
import type { KafkaLogOptions } from '../changestream/kafka/kafka-log.ts'
import { clientCredentials } from '../changestream/kafka/oauth-token.ts'
import { isLoopback, type KafkaLogin, type KafkaSecurity, type Secret } from '../changestream/kafka/security.ts'
import type { SettingsSchema } from './settings-schema.ts'

type KafkaSettings = Static<typeof SettingsSchema>['kafka']

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
  } = kafka
  switch (mechanism) {
    case undefined:
      return undefined
    case 'oauthbearer': {
      const clientSecret = secretOf(kafka.oauthClientSecret, kafka.oauthClientSecretFile)
      return { mechanism, token: clientCredentials({ url, clientId, clientSecret, scope: kafka.oauthScope }) }
    }
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

function* aboutFiles({ tlsCertFile, tlsKeyFile }: KafkaSettings): Generator<string> {
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined))
    yield 'kafka.tlsCertFile and kafka.tlsKeyFile go together: give both or neither'
}

function* aboutLogin(kafka: KafkaSettings): Generator<string> {
  const { saslMechanism: mechanism } = kafka
  const given = (key: keyof KafkaSettings) => kafka[key] !== undefined
  const login = ['saslUsername', 'saslPassword', 'saslPasswordFile'] as const
  const token = ['oauthTokenUrl', 'oauthClientId', 'oauthClientSecret', 'oauthClientSecretFile', 'oauthScope'] as const
  const [needed, idle] = mechanism === 'oauthbearer' ? [token, login] : [login, token]
  for (const key of mechanism === undefined ? [...login, ...token] : idle) {
    if (given(key))
      yield `kafka.${key} has no effect with ${mechanism ? `kafka.saslMechanism ${mechanism}` : 'no kafka.saslMechanism'}`
  }
  if (mechanism === undefined) return
  const [secret, secretFile] =
    mechanism === 'oauthbearer' ? ([token[2], token[3]] as const) : ([login[1], login[2]] as const)
  for (const key of needed.filter(key => key !== secret && key !== secretFile && key !== 'oauthScope')) {
    if (!given(key)) yield `kafka.saslMechanism ${mechanism} needs kafka.${key}`
  }
  if (given(secret) === given(secretFile))
    yield `kafka.saslMechanism ${mechanism} needs one of kafka.${secret} and kafka.${secretFile}`
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
