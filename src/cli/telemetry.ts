import { type Logger, pino, stdSerializers } from 'pino'
import type { ApiReport } from '../api/report.ts'
import type { CertificateReport } from '../api/security/certificate.ts'
import type { SecurityReport } from '../api/security/gate.ts'
import type { RegistryReport } from '../changestream/registry/options.ts'
import type { CheckpointReport, KafkaReport, MaterialiserReport } from '../changestream/report.ts'
import type { RetentionReport } from '../changestream/retention/run-retention.ts'
import type { Move } from '../enricher/outcome.ts'
import type { PlaceReport } from '../enricher/places/object-place.ts'
import type { EnricherReport } from '../enricher/report.ts'
import type { Ec2Report } from '../pollers/ec2/report.ts'
import type { LeadershipReport } from '../pollers/leadership.ts'
import type { LookReport, PollReport } from '../pollers/report.ts'
import { reasonOf } from '../runtime/errors.ts'
import { withoutSecrets } from '../runtime/without-secrets.ts'
import type { StoreReport } from '../store/report.ts'
import type { CheckpointsReport } from './checkpoints.ts'
import type { ClockReport } from './clock-watch.ts'
import { logLines } from './log-lines.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import type { OverlapReport } from './overlap-watch.ts'
import { inUnits } from './states-table.ts'

export type Report = ApiReport &
  CertificateReport &
  SecurityReport &
  CheckpointReport &
  CheckpointsReport &
  ClockReport &
  Ec2Report &
  EnricherReport &
  KafkaReport &
  LeadershipReport &
  LookReport &
  MaterialiserReport &
  OverlapReport &
  PlaceReport &
  PollReport &
  RegistryReport &
  RetentionReport &
  StoreReport

/** Fields that hold what opens something, wherever they stand in what is logged. */
const SECRETS = ['password', 'secretAccessKey', 'sessionToken', 'authorization', 'secret', 'token'].flatMap(name => [
  name,
  `*.${name}`,
  `*.*.${name}`,
])

/** Of a defect the whole stack is needed; what others' errors say may have a URL in it. */
const shownError = (error: Error) =>
  Object.fromEntries(
    Object.entries(stdSerializers.err(error)).map(([name, value]) => [
      name,
      typeof value === 'string' ? withoutSecrets(value) : value,
    ]),
  )

export type Telemetry = {
  readonly log: Logger
  readonly report: Report
  metricsText(): Promise<string>
}

/**
 * One function per happening writes its log line and moves its metric. Messages are constant, data are fields; labels are
 * closed sets or names of sources, never an address. `error` means that data is lost or a person is needed.
 */
export function createTelemetry(options: { readonly level: string; readonly version: string }): Telemetry {
  const lines = logLines()
  const log = pino(
    { level: options.level, base: null, redact: SECRETS, serializers: { err: shownError } },
    lines.atOnce,
  )
  // Its fields are a closed list without secrets (`AuditEntry`); it is written whatever the level of the rest.
  const audit = pino({ level: 'info', base: null }, lines.soon)
  const metrics = createMetrics(options.version)
  return {
    log,
    report: {
      ...pollReport(log, metrics),
      ...ec2Report(log, metrics),
      ...leadershipReport(log, metrics),
      ...clockReport(log, metrics),
      ...overlapReport(log, metrics),
      ...streamReport(log, metrics),
      ...checkpointReport(log, metrics),
      ...retentionReport(log, metrics),
      ...storeReport(log, metrics),
      ...enricherReport(log, metrics),
      ...placeReport(log, metrics),
      ...apiReport(log, metrics),
      ...securityReport(log, audit, metrics),
    },
    metricsText: () => metrics.registry.metrics(),
  }
}

const pollReport = (log: Logger, metrics: Metrics): PollReport & LookReport => ({
  pollCompleted({ source, bindings, changed, completeUpToMs, tookMs, contradictions }) {
    log.debug({ source, bindings, changed, completeUpToMs, tookMs }, 'poll completed')
    metrics.polls.inc({ source, result: 'complete' })
    metrics.pollSeconds.observe({ source }, tookMs / 1000)
    metrics.addresses.set({ source }, bindings)
    metrics.claimChanges.inc({ source }, changed)
    metrics.watermark.set({ source }, completeUpToMs / 1000)
    for (const { edge } of contradictions) metrics.statedTimeContradictions.inc({ source, edge })
    const [first] = contradictions
    if (first === undefined) return
    const { binding, edge, polled } = first
    const example = { domain: binding.domain, prefix: binding.prefix, stated: binding.stated, edge, polled }
    log.warn({ source, contradictions: contradictions.length, example }, 'stated times contradict the polls')
  },
  pollRefused({ source, reason, detail }) {
    log.warn({ source, reason, detail }, 'poll refused')
    metrics.polls.inc({ source, result: 'refused' })
    metrics.pollRefusals.inc({ source, reason })
  },
  publishFailed({ source, cause }) {
    log.error({ source, reason: reasonOf(cause) }, 'poll not published')
    metrics.publishFailures.inc({ source })
  },
  adoptFailed({ source, cause }) {
    log.error({ source, reason: reasonOf(cause) }, 'source not adopted')
    metrics.publishFailures.inc({ source })
  },
  lookDone({ source, result, asked, changed, tookMs, cause }) {
    metrics.looks.inc({ source, result })
    metrics.lookTurns.inc({ source }, changed)
    const fields = { source, result, asked, changed, tookMs }
    if (result === 'failed') log.warn({ ...fields, reason: reasonOf(cause) }, 'look failed, polls alone until the next')
    else if (result === 'disbelieved') log.warn(fields, 'look not believed, polls alone until the next')
    else log.debug(fields, 'look done')
  },
})

const leadershipReport = (log: Logger, metrics: Metrics): LeadershipReport => ({
  standingBy(d) {
    log.info(d, 'another poller leads, standing by')
    metrics.leads.set({ source: d.source }, 0)
  },
  tookOver(d) {
    log.info(d, 'source taken over')
    metrics.leads.set({ source: d.source }, 1)
    metrics.takeovers.inc({ source: d.source })
  },
  superseded(d) {
    log.warn(d, 'another poller took over')
    metrics.leads.set({ source: d.source }, 0)
  },
})

const ec2Report = (log: Logger, metrics: Metrics): Ec2Report => ({
  ec2Attempted({ source, action, result, waitedMs }) {
    metrics.ec2Requests.inc({ source, action, result })
    if (waitedMs > 0) metrics.ec2WaitSeconds.inc({ source, action }, waitedMs / 1000)
    if (result === 'throttled') log.warn({ source, action }, 'EC2 throttles, asked at half the rate')
  },
  ec2Hedged({ source, action, winner }) {
    log.debug({ source, action, winner }, 'slow page asked for twice')
    metrics.ec2Hedges.inc({ source, action, winner })
  },
  ec2CredentialsNotRenewed({ source, cause, expireAtMs }) {
    log.warn({ source, reason: reasonOf(cause), expireAtMs }, 'credentials not renewed, those at hand still serve')
    metrics.ec2RenewalFailures.inc({ source })
  },
})

const clockReport = (log: Logger, metrics: Metrics): ClockReport => ({
  sourceClockAhead({ source, aheadMs }) {
    log.warn({ source, aheadMs }, "a source's clock is ahead of ours")
    metrics.clocksAhead.inc({ source })
  },
})

const overlapReport = (log: Logger, metrics: Metrics): OverlapReport => ({
  overlapFound: ({ outer, inner }) => log.warn({ outer, inner }, 'blocks of two VPCs overlap in one domain'),
  overlapsCounted: ({ pairs }) => metrics.domainOverlaps.set(pairs),
})

const streamReport = (log: Logger, metrics: Metrics): MaterialiserReport & KafkaReport & RegistryReport => ({
  schemaRegistrySilent(d) {
    log.warn(d, 'schema registry does not answer, reading waits')
    metrics.schemaRegistrySilences.inc()
  },
  fencedWrite(d) {
    log.warn(d, 'fenced write ignored')
    metrics.fencedWrites.inc({ source: d.source })
  },
  deadLetter({ partition, offset, reason }) {
    log.error({ partition, offset, reason }, 'change stream record unreadable')
    metrics.streamDeadLetters.inc()
  },
  sinkLacks(d) {
    log.error(d, 'the store lacks changes that the stream has let go of')
    metrics.storeGaps.inc()
  },
  kafkaClientSaid({ level, scope, text }) {
    log[level]({ scope, text }, 'kafka client')
    metrics.kafkaWarnings.inc({ level })
  },
  kafkaReaderRestarted({ reason, attempt }) {
    log.warn({ reason, attempt }, 'kafka reader restarted')
    metrics.kafkaRestarts.inc()
  },
  kafkaFault({ fault, detail }) {
    log.warn({ fault, detail }, 'kafka client fault')
    metrics.kafkaFaults.inc({ fault })
  },
  kafkaTopicDoubtful({ topic, setting, is, wanted, mend }) {
    log.warn({ topic, setting, is, wanted, mend }, 'kafka topic endangers history')
    metrics.kafkaTopicDoubts.inc({ setting })
  },
})

const checkpointReport = (log: Logger, metrics: Metrics): CheckpointReport & CheckpointsReport => ({
  checkpointUnusable(d) {
    log.warn(d, 'checkpoint cannot be used, the change stream is read from its beginning')
    metrics.checkpoints.inc({ result: 'unusable' })
  },
  checkpointWritten(d) {
    log.info(d, 'checkpoint written')
    metrics.checkpoints.inc({ result: 'written' })
    metrics.checkpointBytes.set(d.bytes)
  },
  checkpointFailed({ path, cause }) {
    log.error({ path, reason: reasonOf(cause) }, 'checkpoint not written')
    metrics.checkpoints.inc({ result: 'failed' })
  },
})

const retentionReport = (log: Logger, metrics: Metrics): RetentionReport => ({
  historyLetGo({ beforeMs, start, horizons, kept, tookMs }) {
    log.info({ beforeMs, start, domains: horizons.length, kept, tookMs }, 'history let go of')
    metrics.retentionRuns.inc({ result: 'done' })
  },
  retentionFailed({ cause }) {
    log.error({ reason: reasonOf(cause) }, 'retention failed')
    metrics.retentionRuns.inc({ result: 'failed' })
  },
  oldClaimsRefused(d) {
    log.warn(d, 'claims of a time that is let go of were not taken')
    metrics.oldClaims.inc({ source: d.source }, d.claims)
  },
})

const storeReport = (log: Logger, metrics: Metrics): StoreReport => ({
  opened: d => log.debug(d, 'store opened'),
  threadPoolSmall: d => log.warn(d, 'thread pool is small'),
  migrationApplied: d => log.info(d, 'migration applied'),
  inserted({ table, rows, bytes, tookMs }) {
    log.debug({ table, rows, bytes, tookMs }, 'rows inserted')
    metrics.storedRows.inc({ table }, rows)
    metrics.insertSeconds.observe({ table }, tookMs / 1000)
  },
  statementRetried(d) {
    log.warn(d, 'statement retried')
    metrics.storeRetries.inc()
  },
})

const MOST_MOVES = 10

const inWords = ({ side, from, to, flows, bytes }: Move): string =>
  `${inUnits(bytes)} in ${flows} flows moved from ${from} to ${to} (${side})`

const enricherReport = (log: Logger, metrics: Metrics): EnricherReport => ({
  objectHeld: d => log.debug(d, 'object waits for the sources'),
  objectReleasedByCap(d) {
    log.warn(d, 'object released before the sources had told all')
    metrics.objects.inc({ result: 'released-by-cap' })
  },
  sightingsPublished(d) {
    log.debug(d, 'flows show more of who held what than polls did')
    metrics.flowSightings.inc(d.claims)
  },
  objectCommitted({ object }) {
    const { key, records, skipped, deadLetters } = object
    log.debug({ key, records, skipped, deadLetters }, 'object committed')
    metrics.objects.inc({ result: 'committed' })
    metrics.flows.inc(records)
  },
  objectRefused({ object, error }) {
    log.error({ object, code: error.code, reason: error.message }, 'object is no flow log')
    metrics.objects.inc({ result: 'refused' })
  },
  objectFailed({ object, error }) {
    log.warn({ object, code: error.code, reason: error.message }, 'object left for the next pass')
    metrics.objects.inc({ result: 'failed' })
  },
  linesRejected({ object, reason, count }) {
    log.warn({ object, reason, count }, 'lines kept as dead letters')
    metrics.linesLeftOut.inc({ reason }, count)
  },
  linesSkipped({ object, status, count }) {
    log.debug({ object, status, count }, 'lines without records')
    metrics.linesLeftOut.inc({ reason: status }, count)
  },
  objectCorrected({ name, changed, moves }) {
    log.info({ object: name, changed, moves: moves.slice(0, MOST_MOVES).map(inWords) }, 'answers corrected')
    metrics.objects.inc({ result: 'corrected' })
    metrics.correctedFlows.inc(changed)
    for (const { bytes } of moves) metrics.correctedBytes.inc(bytes)
  },
  correctionFailed({ object, error, isGone }) {
    log.warn({ object, code: error.code, reason: error.message }, 'object cannot be looked at again')
    metrics.objects.inc({ result: isGone ? 'correction-impossible' : 'correction-failed' })
  },
  correctionsFailed: ({ error }) => log.warn({ code: error.code, reason: error.message }, 'corrections put off'),
  listFailed({ error }) {
    log.warn({ code: error.code, reason: error.message }, 'listing broke off')
    metrics.listFailures.inc()
  },
  passFinished({ place: bucket, held, waits }) {
    metrics.objectsWaiting.set({ bucket }, held)
    for (const [source, objects] of waits.objects) metrics.objectsWaitingForSource.set({ bucket, source }, objects)
    for (const { source } of waits.silent) metrics.holdsBack.set({ bucket, source }, 1)
  },
  sourceHoldsBack({ place, source, sinceMs, objects }) {
    const since = new Date(sinceMs).toISOString()
    log.warn({ bucket: place, source, since, objects }, 'a source is silent, and objects wait for it')
  },
  sourceBack({ place, source, sinceMs }) {
    log.warn({ bucket: place, source, since: new Date(sinceMs).toISOString() }, 'a source that was silent tells again')
    metrics.holdsBack.set({ bucket: place, source }, 0)
  },
})

const placeReport = (log: Logger, metrics: Metrics): PlaceReport => ({
  messageRead({ place, result }) {
    if (result === 'unreadable') log.error({ place }, 'message kept as a dead letter')
    metrics.objectMessages.inc({ place, result })
  },
  messagesDone: ({ place, messages }) => metrics.objectMessages.inc({ place, result: 'done' }, messages),
  messagesLost({ place, messages, reason }) {
    log.warn({ place, messages, reason }, 'messages are no longer ours, they come again here or elsewhere')
    metrics.objectMessages.inc({ place, result: 'lost' }, messages)
  },
  messagesWaiting: ({ place, messages }) => metrics.objectMessagesWaiting.set({ place }, messages),
})

const securityReport = (log: Logger, audit: Logger, metrics: Metrics): SecurityReport & CertificateReport => ({
  requestRefused: ({ reason }) => metrics.refusedRequests.inc({ reason }),
  lookedUp: entry => audit.info({ audit: entry }, 'asked'),
  certificateRead({ expiresAtMs }) {
    log.info({ expires: new Date(expiresAtMs).toISOString() }, 'certificate read')
    metrics.certificateExpires.set(expiresAtMs / 1000)
  },
  certificateNotRenewed({ cause }) {
    log.error({ reason: reasonOf(cause) }, 'certificate not renewed, the one at hand stays in use')
  },
})

const apiReport = (log: Logger, metrics: Metrics): ApiReport => ({
  requestDone({ method, route, status, milliseconds }) {
    metrics.requests.observe({ method, route, status: String(status) }, milliseconds / 1000)
  },
  requestFailed({ cause, ...request }) {
    log.error({ ...request, err: cause }, 'request failed')
    metrics.defects.inc()
  },
  answerThreadDied({ cause }) {
    log.error({ reason: reasonOf(cause) }, 'a thread that answers long requests ended')
    metrics.answerThreadDeaths.inc()
  },
})
