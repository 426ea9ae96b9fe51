import type { ChangeLog, LoggedChange, Position } from '../../changestream/port.ts'
import type { Change } from '../../ownership/claim.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { ChangeView } from './change-view.ts'

export type SeenChange = { readonly change: Change; readonly logged: LoggedChange }

export type ChangesPage = {
  readonly changes: readonly SeenChange[]
  /** Where the next page begins. */
  readonly next: Position
  /** Whether all that the log held was read. */
  readonly isEnd: boolean
}

/** So many records are looked at for one page, however few of them are wanted. */
const MOST_LOOKED_AT = 200_000

type Log = Pick<ChangeLog, 'read' | 'partitions'>

/** Up to `most` changes from a place on, in the order of each partition. */
export async function readPage(log: Log, from: Position, view: ChangeView, most: number): Promise<ChangesPage> {
  const changes: SeenChange[] = []
  const next = [...from]
  let looked = 0
  const reading = new AbortController()
  try {
    for await (const batch of log.read({ from, follow: false, encoded: true, signal: reading.signal })) {
      for (const logged of batch) {
        if (changes.length >= most || looked >= MOST_LOOKED_AT) return { changes, next, isEnd: false }
        looked++
        next[logged.partition] = logged.offset + 1
        const change = view.of(logged)
        if (change) changes.push({ change, logged })
      }
    }
    return { changes, next, isEnd: true }
  } finally {
    reading.abort()
  }
}

/** What comes from a place on, for as long as the signal lasts; every `beatMs` without anything, how far it was read. */
export async function* follow(
  log: Log,
  from: Position,
  view: ChangeView,
  {
    clock,
    beatMs,
    signal,
  }: { readonly clock: Pick<Clock, 'sleep'>; readonly beatMs: number; readonly signal: AbortSignal },
): AsyncGenerator<{ readonly seen: SeenChange | undefined; readonly position: Position }> {
  const position = [...from]
  const batches = log.read({ from, follow: true, encoded: true, signal })[Symbol.asyncIterator]()
  try {
    for (let next = batches.next(); ; ) {
      const waiting = new AbortController()
      const beat = clock.sleep(beatMs, waiting.signal).then(
        () => undefined,
        () => undefined,
      )
      const found = await Promise.race([next, beat])
      waiting.abort()
      if (signal.aborted) return
      if (found === undefined) {
        yield { seen: undefined, position: [...position] }
        continue
      }
      if (found.done) return
      for (const logged of found.value) {
        position[logged.partition] = logged.offset + 1
        const change = view.of(logged)
        if (change) yield { seen: { change, logged }, position: [...position] }
      }
      next = batches.next()
    }
  } finally {
    await batches.return?.()
  }
}
