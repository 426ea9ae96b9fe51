import { describe, expect, test } from 'vitest'
import { kafkaLogOptionsOf } from '../../src/cli/kafka-settings.ts'
import { loadSettings } from '../../src/cli/settings.ts'

const load = (environment: Readonly<Record<string, string>>) => loadSettings(environment, { config: '/dev/null' })
const BROKERS = { WHOHAD_KAFKA__BROKERS: 'kafka-1:9093,kafka-2:9093' }

describe('the settings of Kafka', () => {
  test('leave what is not said to the log: replicas, retention, TLS', () => {
    const { report: _, ...options } = { report: undefined, ...kafkaLogOptionsOf(load(BROKERS).kafka) }
    expect(options).toMatchObject({
      brokers: ['kafka-1:9093', 'kafka-2:9093'],
      topic: 'whohad.changes',
      partitions: 12,
      compression: 'gzip',
      security: { insecure: false },
    })
    expect(options.replicationFactor).toBeUndefined()
    expect(options.retentionMs).toBeUndefined()
    expect(options.security?.tls).toBeUndefined()
    expect(options.security?.login).toBeUndefined()
  })

  test('come from the environment as well, secrets by file', () => {
    const { kafka } = load({
      ...BROKERS,
      WHOHAD_KAFKA__RETENTION_SECONDS: '86400',
      WHOHAD_KAFKA__TLS_CA_FILE: '/etc/ca.pem',
      WHOHAD_KAFKA__SASL_MECHANISM: 'scram-sha-512',
      WHOHAD_KAFKA__SASL_USERNAME: 'whohad',
      WHOHAD_KAFKA__SASL_PASSWORD_FILE: '/run/secrets/kafka',
    })
    expect(kafkaLogOptionsOf(kafka)).toMatchObject({
      retentionMs: 86_400_000,
      security: {
        caFile: '/etc/ca.pem',
        login: { mechanism: 'scram-sha-512', username: 'whohad', password: { file: '/run/secrets/kafka' } },
      },
    })
  })

  test('a token client makes a login with tokens', () => {
    const { kafka } = load({
      ...BROKERS,
      WHOHAD_KAFKA__SASL_MECHANISM: 'oauthbearer',
      WHOHAD_KAFKA__OAUTH_TOKEN_URL: 'https://login.example.net/token',
      WHOHAD_KAFKA__OAUTH_CLIENT_ID: 'whohad',
      WHOHAD_KAFKA__OAUTH_CLIENT_SECRET: 's3cret',
    })
    expect(kafkaLogOptionsOf(kafka).security?.login).toMatchObject({ mechanism: 'oauthbearer' })
  })

  test('a region makes a login with tokens signed for Amazon MSK', () => {
    const { kafka } = load({
      ...BROKERS,
      WHOHAD_KAFKA__SASL_MECHANISM: 'aws-msk-iam',
      WHOHAD_KAFKA__AWS_REGION: 'us-gov-west-1',
    })
    expect(kafkaLogOptionsOf(kafka).security?.login).toMatchObject({ mechanism: 'oauthbearer' })
  })

  test.each([
    ['IAM without a region', { SASL_MECHANISM: 'aws-msk-iam' }, /aws-msk-iam needs kafka\.awsRegion/],
    ['a region that is none', { SASL_MECHANISM: 'aws-msk-iam', AWS_REGION: 'evil.example.net/' }, /kafka\.awsRegion/],
    [
      'a password with IAM',
      { SASL_MECHANISM: 'aws-msk-iam', AWS_REGION: 'eu-west-1', SASL_PASSWORD: 'tell-tale' },
      /kafka\.saslPassword has no effect with kafka\.saslMechanism aws-msk-iam/,
    ],
    [
      'a login without its parts',
      { SASL_MECHANISM: 'plain' },
      /needs kafka\.saslUsername.*needs one of kafka\.saslPassword/,
    ],
    [
      'a password twice',
      { SASL_MECHANISM: 'plain', SASL_USERNAME: 'a', SASL_PASSWORD: 'tell-tale', SASL_PASSWORD_FILE: '/b' },
      /needs one of kafka\.saslPassword and kafka\.saslPasswordFile/,
    ],
    ['a password without a mechanism', { SASL_PASSWORD: 'tell-tale' }, /kafka\.saslPassword has no effect/],
    [
      'a password with tokens',
      {
        SASL_MECHANISM: 'oauthbearer',
        SASL_PASSWORD: 'tell-tale',
        OAUTH_TOKEN_URL: 'https://a.example.net',
        OAUTH_CLIENT_ID: 'a',
        OAUTH_CLIENT_SECRET: 'b',
      },
      /kafka\.saslPassword has no effect with kafka\.saslMechanism oauthbearer/,
    ],
    [
      'a token endpoint without TLS',
      {
        SASL_MECHANISM: 'oauthbearer',
        OAUTH_TOKEN_URL: 'http://login.example.net:8080/token',
        OAUTH_CLIENT_ID: 'a',
        OAUTH_CLIENT_SECRET: 'tell-tale',
      },
      /kafka\.oauthTokenUrl must be https/,
    ],
    [
      'a certificate without its key',
      { TLS_CERT_FILE: '/a.pem' },
      /kafka\.tlsCertFile and kafka\.tlsKeyFile go together/,
    ],
    ['a mechanism that is none', { SASL_MECHANISM: 'gssapi' }, /kafka\.saslMechanism/],
  ])('%s is refused by name, and no secret is told', (_, keys, sentence) => {
    const environment = Object.fromEntries(Object.entries(keys).map(([key, value]) => [`WHOHAD_KAFKA__${key}`, value]))
    const refused = () => load({ ...BROKERS, ...environment })
    expect(refused).toThrow(sentence)
    expect(refused).not.toThrow(/tell-tale/)
  })

  test('a topic that forgets before whohad does is refused, one that forgets two days later is not', () => {
    const keep = (seconds: string) =>
      load({ ...BROKERS, WHOHAD_RETENTION__DAYS: '7', WHOHAD_KAFKA__RETENTION_SECONDS: seconds })
    expect(() => keep('777599')).toThrow(/kafka\.retentionSeconds \(777599\) must be at least 777600/)
    expect(keep('777600').kafka.retentionSeconds).toBe(777_600)
  })

  test('a token endpoint on loopback may go without TLS', () => {
    load({
      WHOHAD_KAFKA__SASL_MECHANISM: 'oauthbearer',
      WHOHAD_KAFKA__OAUTH_TOKEN_URL: 'http://127.0.0.1:8080/token',
      WHOHAD_KAFKA__OAUTH_CLIENT_ID: 'a',
      WHOHAD_KAFKA__OAUTH_CLIENT_SECRET: 'b',
    })
  })
})
