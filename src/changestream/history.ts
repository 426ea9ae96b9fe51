import { WhohadError } from '../runtime/errors.ts'
import { changestreamErrors } from './errors.ts'
import type { ChangeLog, LoggedChange, Position, ReadOptions } from './port.ts'

/** Where every change is kept that was in the log once, also those that the log has let go of: the store. */
export type History = {
  /** One past the last record that it has of each partition; shorter, or 0, where it has none. */
  end(): Promise<Position>
  /** The changes from `from` up to `until`, exclusive, in the order of each partition. */
  read(from: Position, until: Position, signal: AbortSignal): AsyncIterable<readonly LoggedChange[]>
}

/**
 * The log, and behind its beginning the history: whoever asks for an offset that retention has removed is led there and back,
 * and nothing is skipped. A log that carries what it still needs over its own beginning (`forgetting`) is whole without.
 */
export function logWithHistory(log: ChangeLog, history: History): ChangeLog {
  return { ...log, read: options => readThrough(log, history, options) }
}

async function* readThrough(
  log: ChangeLog,
  history: History,
  options: ReadOptions,
): AsyncGenerator<readonly LoggedChange[]> {
  const { signal } = options
  let from = options.from ?? (await beginningOf(log))
  while (!signal.aborted) {
    const place = [...(from ?? new Array<number>(log.partitions).fill(0))]
    try {
      for await (const batch of log.read({ ...options, ...(from && { from }) })) {
        for (const { partition, offset } of batch) place[partition] = Math.max(place[partition] ?? 0, offset + 1)
        yield batch
      }
      return
    } catch (error) {
      if (!isGone(error) || !(await isBehind(log, place))) throw error
    }
    const until = await history.end()
    await refuseGap(log, place, until)
    yield* history.read(place, until, signal)
    from = place.map((offset, partition) => Math.max(offset, until[partition] ?? 0))
  }
}

/** Undefined where the log's own beginning tells all: it has let go of nothing, or has kept what is needed of it. */
async function beginningOf(log: ChangeLog): Promise<Position | undefined> {
  if (log.start === undefined || (await log.forgetting?.isWhole())) return undefined
  const start = await log.start()
  return start.every(offset => offset === 0) ? undefined : start.map(() => 0)
}

const isGone = (error: unknown): boolean => error instanceof WhohadError && error.code === 'WHOHAD_STREAM_POSITION_GONE'

/** Whether the place lies before what the log has, and not behind it: that would be another log. */
async function isBehind(log: ChangeLog, place: Position): Promise<boolean> {
  const end = await log.end()
  return place.every((offset, partition) => offset <= (end[partition] ?? 0))
}

/** @throws WHOHAD_STREAM_HISTORY_GONE where neither the log nor the history has what follows. */
async function refuseGap(log: ChangeLog, place: Position, historyEnd: Position): Promise<void> {
  const start = (await log.start?.()) ?? []
  for (const [partition, offset] of place.entries()) {
    const first = start[partition] ?? 0
    const known = Math.max(offset, historyEnd[partition] ?? 0)
    if (known < first) throw changestreamErrors.historyGone({ partition, from: known, until: first })
  }
}
