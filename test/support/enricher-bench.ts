import type { ChangeLog, LoggedChange } from '../../src/changestream/port.ts'
import type { FlowObjectRef } from '../../src/enricher/flowlogs/object-ref.ts'
import type { EnricherReport } from '../../src/enricher/report.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { declareError } from '../../src/runtime/errors.ts'
import type { AttributedFlow, FlowObject, Store, StoredDeadLetter } from '../../src/store/port.ts'
import { inPieces } from './byte-streams.ts'

const storeDown = declareError('WHOHAD_TEST_STORE_DOWN', 'unreachable', () => 'The store is down.', true)

export type MemoryStore = Store & {
  readonly rows: Map<string, AttributedFlow>
  readonly letters: Map<string, StoredDeadLetter>
  /** Fails the nth insert of flows from now on, and with it everything that would come after. */
  failAfterInserts(count: number): void
}

/** The store's contract over maps: what is written twice under one identity is there once, the last writing of it. */
export function memoryStore(): MemoryStore {
  const objects = new Map<string, FlowObject>()
  const rows = new Map<string, AttributedFlow>()
  const letters = new Map<string, StoredDeadLetter>()
  let insertsLeft = Number.POSITIVE_INFINITY
  return {
    rows,
    letters,
    failAfterInserts(count) {
      insertsLeft = count
    },
    migrate: async () => {},
    insertChanges: async () => {},
    changesEnd: async () => [],
    readChanges: async function* () {},
    async insertFlows(flows) {
      if (insertsLeft-- <= 0) throw storeDown({})
      for (const flow of flows) rows.set(`${flow.objectId} ${flow.record} ${flow.generation}`, flow)
    },
    async putObject(object) {
      objects.set(object.objectId, object)
    },
    findObject: async objectId => objects.get(objectId),
    committedObjects: async () =>
      new Set([...objects.values()].filter(({ state }) => state === 'committed').map(({ objectId }) => objectId)),
    async insertDeadLetters(added) {
      for (const letter of added) letters.set(`${letter.origin} ${letter.place} ${letter.reason}`, letter)
    },
    flowsOf: async objectId =>
      [...rows.values()].filter(row => row.objectId === objectId).sort((a, b) => a.record - b.record),
    countStates: async () => [],
    ping: async () => {},
    close: async () => {},
  }
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
    objectCommitted: note('objectCommitted'),
    objectRefused: note('objectRefused'),
    objectFailed: note('objectFailed'),
    linesRejected: note('linesRejected'),
    linesSkipped: note('linesSkipped'),
    listFailed: note('listFailed'),
    passFinished: note('passFinished'),
  }
}
