import { rm } from 'node:fs/promises'
import type { Clock } from '../../runtime/clock.ts'
import type { FlowObject, Store } from '../../store/port.ts'
import { isOther } from '../object-writing.ts'
import { ObjectPool } from '../workers/object-pool.ts'
import type { Staged, StageSetup, StageTask } from './stage-object.ts'

const HANDLER = new URL(`./stage-object${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url).href

/** Rows that are stored at once: the engine makes one part of them, and holds them in memory meanwhile. */
const ROWS_AT_ONCE = 500_000
/** And so many objects, however small. */
const OBJECTS_AT_ONCE = 1000

export type StoringOptions = {
  readonly store: Pick<Store, 'findObjects' | 'putObjects' | 'insertFiles' | 'insertGaps'>
  readonly clock: Clock
  readonly setup: StageSetup
  /** With 0 all is answered in this one. */
  readonly threads: number
  readonly rowsAtOnce?: number
  readonly execArgv?: readonly string[] | undefined
}

/** What became of an object: stored, failed, or begun by another process at the same time, whose manifest stands. */
export type StoredObject = { readonly task: StageTask } & (
  | { readonly staged: Staged }
  | { readonly error: unknown }
  | { readonly standing: FlowObject }
)

type Ready = { readonly task: StageTask; readonly staged: Staged }

/**
 * Answers objects in threads and stores them, many at a time, as `writeObject` does one: manifests as they were begun, rows,
 * dead letters and gaps, sums by hour, manifests as committed. A generation that is not committed counts nowhere, so that a run that is killed leaves
 * nothing that counts. While some are stored the next are answered. Errors of the store end it; those of an object come with it.
 */
export async function* storedObjects(
  tasks: Iterable<StageTask>,
  { store, clock, setup, threads, rowsAtOnce = ROWS_AT_ONCE, execArgv }: StoringOptions,
  signal?: AbortSignal,
): AsyncGenerator<StoredObject> {
  const pool = await ObjectPool.open<StageTask, Staged>({ threads, module: HANDLER, setup, execArgv })
  let ready: Ready[] = []
  let rows = 0
  let storing: Promise<readonly StoredObject[]> = Promise.resolve([])
  try {
    for await (const handled of pool.handleAll(tasks, signal)) {
      if ('error' in handled) {
        yield handled
        continue
      }
      ready.push({ task: handled.task, staged: handled.result })
      rows += handled.result.committed.records
      if (rows < rowsAtOnce && ready.length < OBJECTS_AT_ONCE) continue
      yield* await storing
      storing = storeAll(ready, store, clock)
      storing.catch(() => {}) // whoever waits for it is told
      ready = []
      rows = 0
    }
    yield* await storing
    yield* await storeAll(ready, store, clock)
  } finally {
    await storing.catch(() => {})
    await pool.close()
  }
}

async function storeAll(
  ready: readonly Ready[],
  store: StoringOptions['store'],
  clock: Clock,
): Promise<readonly StoredObject[]> {
  if (ready.length === 0) return []
  const begun = ready.map(({ task }) => task.manifest)
  await store.putObjects(begun)
  const lettered = ready.flatMap(({ task, staged }) => (staged.committed.deadLetters > 0 ? [task.letters] : []))
  const filled = ready.flatMap(({ task, staged }) => (staged.committed.records > 0 ? [task.rows] : []))
  if (filled.length > 0) await store.insertFiles('flows', filled)
  if (lettered.length > 0) await store.insertFiles('dead_letters', lettered)
  await store.insertGaps(ready.flatMap(({ staged }) => staged.gaps))
  const found = await store.findObjects(begun.map(({ objectId }) => objectId))
  const standing = new Map(found.map(object => [object.objectId, object]))
  const results = ready.map(({ task, staged }): StoredObject => {
    const other = standing.get(task.manifest.objectId)
    return other && isOther(other, task.manifest) ? { task, standing: other } : { task, staged }
  })
  const ours = results.flatMap(result => ('staged' in result ? [result] : []))
  await commit(ours, store, clock)
  const written = ready.flatMap(({ task }) => [task.rows, task.hours, task.letters])
  await Promise.all(written.map(path => rm(path, { force: true })))
  return results
}

/** Sums by hour only now: two processes' sums of one generation would be added to each other, which rows are not. */
async function commit(ours: readonly Ready[], store: StoringOptions['store'], clock: Clock): Promise<void> {
  if (ours.length === 0) return
  const summed = ours.filter(({ staged }) => staged.isAddedUp && staged.committed.records > 0)
  if (summed.length > 0) {
    await store.insertFiles(
      'flow_hours',
      summed.map(({ task }) => task.hours),
    )
  }
  const addedUp = new Set(summed.map(({ task }) => task.manifest.objectId))
  await store.putObjects(
    ours.map(({ task, staged }) => committedManifest(task.manifest, staged, clock)),
    { addedUp },
  )
}

const committedManifest = (manifest: FlowObject, { committed }: Staged, clock: Clock): FlowObject => ({
  ...manifest,
  ...committed,
  state: 'committed',
  updatedAtMs: clock.now(),
})
