import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { examineKafka, type KafkaCondition, type TopicCondition } from '../changestream/kafka/examine.ts'
import { openRegistry } from '../changestream/registry/client.ts'
import { systemClock } from '../runtime/clock.ts'
import { reasonOf } from '../runtime/errors.ts'
import { holderOf } from '../store/data-folder.ts'
import { examineStore, type StoreCondition } from '../store/examine.ts'
import { type Examination, type Finding, fail, ok, warn } from './doctor-finding.ts'
import { clockFinding, roomFinding } from './doctor-words.ts'
import { codecOptionsOf, kafkaLogOptionsOf } from './kafka-settings.ts'
import type { Settings } from './settings.ts'
import { createTelemetry } from './telemetry.ts'
import { VERSION } from './version.ts'

const { report } = createTelemetry({ level: 'silent', version: VERSION })

/** Brokers, registry, a ClickHouse server, the issuer's keys: whatever of them is configured. */
export const serviceExaminations = (settings: Settings, limitMs: number): readonly Examination[] => [
  ...brokerExaminations(settings),
  ...registryExaminations(settings),
  ...serverExaminations(settings, limitMs),
  ...issuerExaminations(settings),
]

const DAY_MS = 24 * 3600 * 1000

function* brokerExaminations({ kafka, retention, flowLogs }: Settings): Generator<Examination> {
  if (kafka.brokers.length === 0) return
  const about = { check: 'broker', about: kafka.brokers.join(', ') }
  const historyMs = retention.days === undefined ? undefined : retention.days * DAY_MS
  const others = [...new Set(flowLogs.flatMap(({ topic }) => topic ?? []))]
  yield {
    ...about,
    async examine() {
      const found = await examineKafka({ ...kafkaLogOptionsOf(kafka), historyMs }, others, report)
      return [brokersFinding(about, found), ...found.topics.flatMap(topic => topicFindings(topic, kafka.topic))]
    },
  }
}

const brokersFinding = (about: Pick<Finding, 'check' | 'about'>, { brokers }: KafkaCondition): Finding =>
  ok(about, `${brokers} ${brokers === 1 ? 'broker' : 'brokers'}; login and versions are as they should be`)

function topicFindings({ topic, isThere, fatal, doubts, records }: TopicCondition, own: string): readonly Finding[] {
  const about = { check: 'topic', about: topic }
  if (!isThere && topic === own)
    return [
      warn(
        about,
        'is not there yet, or may not be seen',
        'The first start makes it: it needs the right to (Create, or a topic made before).',
      ),
    ]
  if (!isThere) return [fail(about, 'is not there, or may not be seen', `Make it, or correct flowLogs[].topic.`)]
  const wrong = ({ setting, is, wanted }: (typeof fatal)[number]) => `${setting} ${is}, wanted ${wanted}`
  const found = [
    ...fatal.map(complaint => fail(about, wrong(complaint), complaint.mend)),
    ...doubts.map(complaint => warn(about, wrong(complaint), complaint.mend)),
  ]
  if (found.length > 0) return found
  const some = topic === own ? `${records.toLocaleString('en-US')} records, ` : ''
  return [ok(about, `${some}settings as they should be; may be read (writing is not tried)`)]
}

function* registryExaminations({ kafka }: Settings): Generator<Examination> {
  const { registry } = codecOptionsOf(kafka)
  if (registry === undefined || kafka.brokers.length === 0) return
  const about = { check: 'schema registry', about: withoutUser(registry.url) }
  yield {
    ...about,
    async examine(signal) {
      // Whether it has a schema of this id is no matter: only a registry knows that, and only to whom it lets in.
      await (await openRegistry(registry)).schema(1, signal)
      return [ok(about, 'answers, and lets us read (registering is not tried)')]
    },
  }
}

function* serverExaminations({ clickhouse }: Settings, limitMs: number): Generator<Examination> {
  const { url, username, password, database } = clickhouse
  if (url === undefined) return
  const about = { check: 'store', about: withoutUser(url) }
  yield {
    ...about,
    async examine() {
      const settings = { driver: 'server', url, username, password, database, requestTimeoutMs: limitMs } as const
      return storeFindings(about, await examineStore(settings, { clock: systemClock, report }))
    },
  }
}

/** The embedded store, which is opened on this thread and so keeps the others waiting: to be looked at after them. */
export function* embeddedStoreExaminations({ data, clickhouse }: Settings): Generator<Examination> {
  const path = join(data.path, 'store')
  if (clickhouse.url !== undefined || !existsSync(path)) return
  const about = { check: 'store', about: path }
  yield {
    ...about,
    async examine() {
      const holder = await holderOf(path)
      if (holder !== undefined)
        return [ok(about, `held by process ${holder.pid} since ${holder.since}; ask the whohad there with --url`)]
      return storeFindings(about, await examineStore({ driver: 'chdb', path }, { clock: systemClock, report }))
    },
  }
}

/** Nothing that is answered rests on the store's clock; one that is far off misleads people. */
const STORE_CLOCK_MS = 5_000

function storeFindings(about: Pick<Finding, 'check' | 'about'>, found: StoreCondition): readonly Finding[] {
  const { version, lacksDatabase, migrations, disks = [], notWritable, clock } = found
  const missing = `${migrations.missing.length} of ${migrations.known} migrations are missing`
  const state = lacksDatabase ? 'no database yet' : migrations.missing.length > 0 ? missing : 'all migrations are there'
  const engine = `ClickHouse ${version}; ${state}`
  const inClock = clockFinding(`ClickHouse at ${about.about}`, clock, STORE_CLOCK_MS, 'what people expect of a clock')
  return [
    migrations.missing.length > 0
      ? warn(
          about,
          engine,
          'The next start of "whohad up", or of "whohad enrich", applies them; its user needs CREATE and ALTER.',
        )
      : ok(about, engine),
    ...(notWritable === undefined ? [] : [writingFinding(about.about, notWritable)]),
    ...disks.map(({ name, freeBytes, totalBytes }) =>
      roomFinding(`disk ${name} of ${about.about}`, freeBytes, totalBytes),
    ),
    ...(inClock.status === 'ok' ? [] : [inClock]),
  ]
}

const writingFinding = (where: string, refusal: Error | null): Finding => {
  const about = { check: 'store rights', about: where }
  if (refusal === null) return ok(about, 'rows can be written')
  return fail(about, refusal.message, 'Grant SELECT, INSERT, CREATE and ALTER on the database to clickhouse.username.')
}

function* issuerExaminations({ api: { oidcJwksUrl: url } }: Settings): Generator<Examination> {
  if (url === undefined) return
  const about = { check: 'login', about: withoutUser(url) }
  yield {
    ...about,
    async examine(signal) {
      const mend =
        'Correct api.oidcJwksUrl, or see that the issuer can be reached: without its keys no token is let in.'
      try {
        const reply = await fetch(url, { signal, redirect: 'error' })
        const body: unknown = await reply.json()
        const keys =
          typeof body === 'object' && body !== null && 'keys' in body && Array.isArray(body.keys) ? body.keys : []
        if (reply.ok && keys.length > 0) return [ok(about, `${keys.length} public keys`)]
        return [fail(about, `status ${reply.status}, and no public keys`, mend)]
      } catch (error) {
        if (signal.aborted) throw error
        const why = error instanceof Error && error.cause !== undefined ? reasonOf(error.cause) : reasonOf(error)
        return [{ ...fail(about, why, mend), unreachable: true }]
      }
    },
  }
}

const withoutUser = (url: string): string => url.replace(/\/\/[^/@]*@/, '//')
