import { join } from 'node:path'
import type { Ask } from '../api/answering.ts'
import { apiErrors } from '../api/errors.ts'
import { createCodec } from '../changestream/codec.ts'
import { openEmbeddedLog } from '../changestream/embedded/embedded-log.ts'
import { EncodedChange, takenBy } from '../changestream/encoded-change.ts'
import { type History, logWithHistory } from '../changestream/history.ts'
import { Incumbents } from '../changestream/incumbents.ts'
import { openKafkaLog } from '../changestream/kafka/kafka-log.ts'
import { type Materialiser, startMaterialiser } from '../changestream/materialise.ts'
import type { ChangeLog, LoggedChange } from '../changestream/port.ts'
import { restoreIndex } from '../changestream/restore.ts'
import { correctionRecorder } from '../enricher/corrections/recorder.ts'
import { type FollowingView, followingView } from '../enricher/view.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../ownership/ownership-index.ts'
import type { Millis } from '../ownership/window.ts'
import type { Clock } from '../runtime/clock.ts'
import { openStore } from '../store/open-store.ts'
import type { Store } from '../store/port.ts'
import { type Checkpoints, checkpointPath, checkpointsOf } from './checkpoints.ts'
import { createClockWatch } from './clock-watch.ts'
import { codecOptionsOf, kafkaLogOptionsOf } from './kafka-settings.ts'
import { createOverlapWatch } from './overlap-watch.ts'
import { recorderOf } from './recorder.ts'
import type { Settings } from './settings.ts'
import type { Report, Telemetry } from './telemetry.ts'

/** The change stream, the store and the index that follows the one into the other. */
export type Pipeline = {
  readonly log: ChangeLog
  readonly store: Store
  readonly index: OwnershipIndex
  readonly view: FollowingView
  /** To be told of what is answered, so that a later change finds it. */
  onAnswered(untilMs: Millis): void
  readonly materialiser: Materialiser
  readonly checkpoints: Checkpoints
  /** Who polls what, by what was read of the log since the start. */
  readonly incumbents: Incumbents
  /** Whether no other process can write the log: a folder has one writer, by its lock. */
  readonly hasOneWriter: boolean
  readonly ask: Ask
  /** Whether all that the log held at the start has been read: before that no question is answered. */
  isCaughtUp(): boolean
  /** Resolves once everything that is in the log now is in the index and the store. */
  settled(): Promise<void>
  close(): Promise<void>
}

const SEGMENT_BYTES = 64 * 1024 * 1024
/** Retention goes by whole segments: where there is one, no segment spans more than a day. */
const SEGMENT_MS = 24 * 3600 * 1000
const DAY_MS = 24 * 3600 * 1000

export function openLog(settings: Settings, clock: Clock, telemetry: Telemetry): Promise<ChangeLog> {
  if (settings.kafka.brokers.length > 0) return openKafka(settings, clock, telemetry.report)
  return openEmbeddedLog({
    folder: join(settings.data.path, 'changes'),
    segmentBytes: SEGMENT_BYTES,
    ...(settings.retention.days !== undefined && { segmentMs: SEGMENT_MS }),
    sync: settings.data.syncSeconds === 0 ? 'always' : { everyMs: settings.data.syncSeconds * 1000 },
    clock,
    onTornTail: torn => telemetry.log.warn(torn, 'torn tail of the change stream cut back'),
    onOldClaims: telemetry.report.oldClaimsRefused,
  })
}

/** `create` says whether a missing topic is made. */
export async function openKafka(
  { kafka, retention }: Pick<Settings, 'kafka' | 'retention'>,
  clock: Clock,
  report: Report,
  create = true,
): Promise<ChangeLog> {
  const codec = await createCodec({ ...codecOptionsOf(kafka), clock, report })
  const log = await openKafkaLog({
    ...kafkaLogOptionsOf(kafka),
    historyMs: retention.days === undefined ? undefined : retention.days * DAY_MS,
    onOldClaims: report.oldClaimsRefused,
    codec,
    report,
    create,
  })
  return {
    ...log,
    close() {
      codec.close()
      return log.close()
    },
  }
}

export function openConfiguredStore(
  settings: Settings,
  threadPoolSize: number,
  clock: Clock,
  report: Report,
): Promise<Store> {
  const { url, username, password, database } = settings.clickhouse
  const driver = url
    ? ({ driver: 'server', url, username, password, database } as const)
    : ({ driver: 'chdb', path: join(settings.data.path, 'store'), threadPoolSize } as const)
  return openStore(driver, { clock, report })
}

/**
 * Opens everything and starts following the change stream. What was opened is closed again where a later part fails.
 * `threadPoolSize` is UV_THREADPOOL_SIZE.
 */
export async function openPipeline(
  settings: Settings,
  parts: { readonly clock: Clock; readonly telemetry: Telemetry; readonly threadPoolSize: number },
): Promise<Pipeline> {
  const { clock, telemetry } = parts
  const log = await openLog(settings, clock, telemetry)
  let store: Store
  try {
    store = await openConfiguredStore(settings, parts.threadPoolSize, clock, telemetry.report)
    await store.migrate()
  } catch (error) {
    await log.close()
    throw error
  }
  try {
    return await startPipeline(settings, logWithHistory(log, historyIn(store)), store, parts)
  } catch (error) {
    await store.close()
    await log.close()
    throw error
  }
}

async function startPipeline(
  settings: Settings,
  log: ChangeLog,
  store: Store,
  { clock, telemetry }: { readonly clock: Clock; readonly telemetry: Telemetry },
): Promise<Pipeline> {
  const { report } = telemetry
  const recorder = await recorderOf(store, await log.end())
  const path = checkpointPath(settings.data.path)
  const restored = await restoreIndex(path, log, report, recorder.stored)
  const index = restored?.index ?? createOwnershipIndex()
  const stopping = new AbortController()
  const answeredUntilMs = await store.answeredUntilMs()
  const corrections = correctionRecorder(store, { stored: recorder.stored, answeredUntilMs })
  const view = followingView(index, log, stopping.signal, {
    from: restored?.read.positions,
    beforeEach: logged => corrections.take(logged, index.before()),
    // A checkpoint that has a change must never be there before what the change may have altered is noted.
    afterBatch: corrections.flush,
  })
  const overlaps = createOverlapWatch(report)
  overlaps.take(index.claimsOf('network'))
  const clocks = createClockWatch(clock, report)
  const incumbents = new Incumbents()
  let caughtUp = false
  let indexed: Promise<void> = Promise.resolve()
  const take = async (batch: readonly LoggedChange[]): Promise<void> => {
    await view.apply(batch, !caughtUp)
    for (const logged of batch) takenBy(incumbents, logged, caughtUp ? clock.now() : logged.loggedAtMs)
    const changes = batch.filter(isWatched).map(({ change }) => change)
    clocks.take(changes)
    overlaps.take(changes)
    // What overlapped once upon a time is no matter: only what stands at the end of the replay.
    if (caughtUp) overlaps.check()
  }
  const materialiser = startMaterialiser({
    log,
    index(batch) {
      indexed = take(batch)
      return indexed
    },
    // After the index: what the store has of the stream, corrections have been noted of.
    sinks: [batch => indexed.then(() => recorder.record(batch))],
    signal: stopping.signal,
    report,
    sinksFrom: recorder.stored,
    ...(restored && { restored: restored.read }),
  })
  const written = restored?.read.positions
  const claims = () => index.counts().claims
  const checkpoints = checkpointsOf({ path, view, materialiser, claims, written, clock, report })
  materialiser.caughtUp.then(
    () => {
      caughtUp = true
      overlaps.check()
    },
    () => {}, // told to whoever waits for `done`
  )
  return {
    log,
    store,
    index,
    view,
    materialiser,
    checkpoints,
    onAnswered: corrections.answered,
    incumbents,
    hasOneWriter: settings.kafka.brokers.length === 0,
    isCaughtUp: () => caughtUp,
    ask(question) {
      // Half the history would name owners that the other half takes back.
      if (!caughtUp) throw apiErrors.stillReplaying({ detail: `${index.counts().claims} claims read so far` })
      return index.ask(question)
    },
    settled: async () => materialiser.reached(await log.end()),
    async close() {
      stopping.abort()
      // Its failure was told to whoever waits for `done`.
      const isWhole = await materialiser.done.then(
        () => true,
        () => false,
      )
      if (isWhole) await checkpoints.write()
      await store.close()
      await log.close()
    },
  }
}

/** What the watches want to see: of the claims that lie encoded those of VPCs' blocks, and the rest stay so. */
const isWatched = (logged: LoggedChange): boolean => !(logged instanceof EncodedChange) || logged.layer === 'network'

/** The store as what is behind the log's beginning. */
export const historyIn = (store: Store): History => ({ end: () => store.changesEnd(), read: store.readChanges })
