import type { ChangeLog, LoggedChange } from '../../src/changestream/port.ts'
import type { FlowObjectRef } from '../../src/enricher/flowlogs/object-ref.ts'
import type { EnricherReport } from '../../src/enricher/report.ts'
import type { Ip } from '../../src/ownership/address.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { covers, type Prefix } from '../../src/ownership/prefix.ts'
import { declareError } from '../../src/runtime/errors.ts'
import type {
  AttributedFlow,
  FlowObject,
  Store,
  StoredCorrection,
  StoredDeadLetter,
  StoredGap,
} from '../../src/store/port.ts'
import { inPieces } from './byte-streams.ts'

const storeDown = declareError('WHOHAD_TEST_STORE_DOWN', 'unreachable', () => 'The store is down.', true)

export type MemoryStore = Store & {
  readonly rows: Map<string, AttributedFlow>
  readonly letters: Map<string, StoredDeadLetter>
  readonly gaps: Map<string, StoredGap>
  /** Fails the nth insert of flows from now on, and with it everything that would come after. */
  failAfterInserts(count: number): void
}

/** The store's contract over maps: what is written twice under one identity is there once, the last writing of it. */
export function memoryStore(): MemoryStore {
  /** Every generation of every object. */
  const objects = new Map<string, FlowObject>()
  const corrections = new Map<string, StoredCorrection>()
  const corrected = new Map<string, readonly number[]>()
  const newest = (objectId: string, state?: FlowObject['state']): FlowObject | undefined =>
    [...objects.values()]
      .filter(object => object.objectId === objectId && (state === undefined || object.state === state))
      .sort((a, b) => b.generation - a.generation)[0]
  const committed = (): readonly FlowObject[] =>
    [...new Set([...objects.values()].map(({ objectId }) => objectId))].flatMap(id => newest(id, 'committed') ?? [])
  const flowsOf = (objectId: string): readonly AttributedFlow[] => {
    const generation = newest(objectId, 'committed')?.generation
    return [...rows.values()]
      .filter(row => row.objectId === objectId && row.generation === generation)
      .sort((a, b) => a.record - b.record)
  }
  const rows = new Map<string, AttributedFlow>()
  const letters = new Map<string, StoredDeadLetter>()
  const gaps = new Map<string, StoredGap>()
  let insertsLeft = Number.POSITIVE_INFINITY
  return {
    rows,
    letters,
    gaps,
    failAfterInserts(count) {
      insertsLeft = count
    },
    migrate: async () => {},
    insertChanges: async () => {},
    changesEnd: async () => [],
    readChanges: async function* () {},
    changesAbout: async () => [],
    traffic: async () => [],
    async insertFlows(flows) {
      if (insertsLeft-- <= 0) throw storeDown({})
      for (const flow of flows) rows.set(`${flow.objectId} ${flow.record} ${flow.generation}`, flow)
    },
    async putObject(object) {
      objects.set(`${object.objectId} ${object.generation}`, object)
    },
    insertFiles: () => Promise.reject(new Error('no engine reads the files')),
    async putObjects(added) {
      for (const object of added) objects.set(`${object.objectId} ${object.generation}`, object)
    },
    findObject: async objectId => newest(objectId),
    findObjects: async objectIds => objectIds.flatMap(objectId => newest(objectId) ?? []),
    committedObjects: async () =>
      new Set(committed().flatMap(({ objectId }) => (newest(objectId)?.state === 'committed' ? [objectId] : []))),
    answeredUntilMs: async () =>
      Math.max(Number.NEGATIVE_INFINITY, ...committed().map(({ newestEndMs }) => newestEndMs)),
    openObjects: async () => committed().filter(({ openRecords }) => openRecords > 0),
    async insertCorrections(added) {
      for (const one of added) corrections.set(`${one.partition} ${one.offset} ${one.part}`, one)
    },
    corrections: async from => [...corrections.values()].filter(one => one.offset >= (from[one.partition] ?? 0)),
    touchedObjects: async (stretches, { slackMs, anyDomain }) =>
      committed().filter(({ objectId }) =>
        flowsOf(objectId).some(row => stretches.some(one => isTouched(row, one, slackMs, anyDomain))),
      ),
    correctedUpTo: async enricher => corrected.get(enricher) ?? [],
    async putCorrectedUpTo(enricher, position) {
      corrected.set(enricher, position)
    },
    async insertDeadLetters(added) {
      for (const letter of added) letters.set(`${letter.origin} ${letter.place} ${letter.reason}`, letter)
    },
    async insertGaps(added) {
      for (const gap of added) gaps.set(`${gap.objectId} ${gap.record} ${gap.generation}`, gap)
    },
    captureGaps: async () => [],
    flowsOf: async objectId => flowsOf(objectId),
    async *flowPages(objectId) {
      yield flowsOf(objectId)
    },
    countStates: async () => [],
    ping: async () => {},
    close: async () => {},
  }
}

function isTouched(row: AttributedFlow, one: StoredCorrection, slackMs: number, anyDomain: boolean): boolean {
  const { startSeconds, endSeconds, interfaceId, source, destination } = row
  if (startSeconds * 1000 - slackMs >= one.untilMs || (endSeconds + 1) * 1000 <= one.fromMs) return false
  if (one.enis.includes(interfaceId)) return true
  return [source, destination].some(
    ({ ip, domain }) => (anyDomain || domain === '' || domain === one.domain) && covers(one.prefix as Prefix, ip as Ip),
  )
}

/** A change log in memory with one partition; only what is in it when reading begins is read. */
export function memoryLog(): ChangeLog {
  const logged: LoggedChange[] = []
  return {
    partitions: 1,
    async append(changes: readonly Change[]) {
      for (const change of changes) logged.push({ change, partition: 0, offset: logged.length, loggedAtMs: 0 })
    },
    async *read({ from }) {
      const batch = logged.slice(from?.[0] ?? 0)
      if (batch.length > 0) yield batch
    },
    end: async () => [logged.length],
    close: async () => {},
  }
}

/** Flow log objects in memory, as a bucket would show them. */
export function memoryBucket(): {
  readonly put: (key: string, bytes: string | Uint8Array) => FlowObjectRef
  readonly list: () => AsyncGenerator<FlowObjectRef>
  readonly open: (object: FlowObjectRef) => Promise<AsyncIterable<Uint8Array>>
  readonly opened: string[]
} {
  const objects = new Map<string, { readonly ref: FlowObjectRef; readonly bytes: Buffer }>()
  const opened: string[] = []
  let writes = 0
  return {
    opened,
    put(key, content) {
      const bytes = Buffer.from(content)
      const ref = { bucket: 'memory', key, etag: String(writes++), sizeBytes: bytes.length }
      objects.set(key, { ref, bytes })
      return ref
    },
    async *list() {
      for (const { ref } of objects.values()) yield ref
    },
    async open({ key }) {
      opened.push(key)
      return inPieces(objects.get(key)?.bytes ?? Buffer.alloc(0), 1000)
    },
  }
}

/** Keeps what was reported, in order, by name. */
export function reportInto(happened: [name: string, detail: unknown][]): EnricherReport {
  const note = (name: string) => (detail: unknown) => {
    happened.push([name, detail])
  }
  return {
    objectHeld: note('objectHeld'),
    objectReleasedByCap: note('objectReleasedByCap'),
    sightingsPublished: note('sightingsPublished'),
    objectCommitted: note('objectCommitted'),
    objectRefused: note('objectRefused'),
    objectFailed: note('objectFailed'),
    linesRejected: note('linesRejected'),
    linesSkipped: note('linesSkipped'),
    objectCorrected: note('objectCorrected'),
    correctionFailed: note('correctionFailed'),
    correctionsFailed: note('correctionsFailed'),
    listFailed: note('listFailed'),
    passFinished: note('passFinished'),
    sourceHoldsBack: note('sourceHoldsBack'),
    sourceBack: note('sourceBack'),
  }
}
