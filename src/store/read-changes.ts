import { CHANGE_ROWS, type ChangeRows } from './change-rows.ts'
import type { Executor } from './executor.ts'
import { OwnersMemo } from './owners-memo.ts'
import type { StoredChange } from './port.ts'
import type { ReplyRows } from './reply-rows.ts'

/** The engine holds a whole reply in memory, and one more is asked for ahead: a page of claims is some 12 MB. */
const PAGE_ROWS = 20_000

/** So many are made at once: a whole page would outlive the collector's nursery, and cost twice as much. */
const STEP_ROWS = 2_000

const PLACE = ['stream_offset', 'logged_at_ms'] as const

/** A stretch of one partition; `until` does not belong to it. */
type Stretch = { readonly partition: number; readonly from: number; readonly until: number }

/** `Store.readChanges` */
export async function* readChanges(
  executor: Executor,
  from: readonly number[],
  until: readonly number[],
  signal: AbortSignal,
): AsyncGenerator<readonly StoredChange[]> {
  const owners = new OwnersMemo()
  for (const [partition, end] of until.entries()) {
    const stretch = { partition, from: from[partition] ?? 0, until: end }
    if (stretch.from < stretch.until) yield* untilAborted(merged(executor, stretch, owners), signal)
  }
}

/** The engine cannot be stopped in the midst of a page; whoever waits for it can. */
async function* untilAborted<T>(batches: AsyncGenerator<T>, signal: AbortSignal): AsyncGenerator<T> {
  let stop = () => {}
  const aborted = new Promise<undefined>(resolve => {
    stop = () => resolve(undefined)
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    while (!signal.aborted) {
      const next = batches.next()
      next.catch(() => {}) // Where the signal came first, nobody waits for it any more.
      const found = await Promise.race([next, aborted])
      if (found === undefined || found.done === true) return
      yield found.value
    }
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Changes of one table that were read and not given on yet. */
type Head = { page: readonly StoredChange[]; next: number; readonly pages: AsyncGenerator<readonly StoredChange[]> }

/** Gives on what is certain to be next: up to where one of the tables has to be read further. */
async function* merged(
  executor: Executor,
  stretch: Stretch,
  owners: OwnersMemo,
): AsyncGenerator<readonly StoredChange[]> {
  let heads: readonly Head[] = CHANGE_ROWS.map(rows => ({
    page: [],
    next: 0,
    pages: pagesOf(executor, rows, stretch, owners),
  }))
  for (;;) {
    await Promise.all(heads.filter(isUsedUp).map(readOn))
    heads = heads.filter(head => !isUsedUp(head))
    if (heads.length === 0) return
    yield takeInOrder(heads)
  }
}

const isUsedUp = (head: Head): boolean => head.next === head.page.length

async function readOn(head: Head): Promise<void> {
  const { value, done } = await head.pages.next()
  head.page = done === true ? [] : value
  head.next = 0
}

function takeInOrder(heads: readonly Head[]): readonly StoredChange[] {
  const taken: StoredChange[] = []
  for (;;) {
    let first: Head | undefined
    let lowest: StoredChange | undefined
    for (const head of heads) {
      const change = head.page[head.next]
      if (change === undefined) return taken
      if (lowest !== undefined && lowest.offset <= change.offset) continue
      first = head
      lowest = change
    }
    if (first === undefined || lowest === undefined) return taken
    taken.push(lowest)
    first.next++
  }
}

/** Found by the projection `by_place`, which FINAL would rule out; repeats that no merge has met yet lie side by side. */
const pageStatement = ({ table, columns }: ChangeRows): string => `
  SELECT ${[...PLACE, ...columns].join(', ')} FROM ${table}
  WHERE stream_partition = {partition:Int32} AND stream_offset >= {from:Int64} AND stream_offset < {until:Int64}
  ORDER BY stream_partition, stream_offset LIMIT {page:Int64}`

async function* pagesOf(
  executor: Executor,
  rows: ChangeRows,
  stretch: Stretch,
  owners: OwnersMemo,
): AsyncGenerator<readonly StoredChange[]> {
  const statement = pageStatement(rows)
  const read = (from: number) => {
    const page = executor.reply(statement, { ...stretch, from, page: PAGE_ROWS })
    page.catch(() => {}) // Told to whoever waits for the page; that may be nobody any more.
    return page
  }
  for (let reading = read(stretch.from); ; ) {
    const page = await reading
    const last = page.last()
    if (!last.next()) return
    // The engine looks for the next page while this one is decoded and folded.
    reading = read(last.whole() + 1)
    yield* changesOf(rows, stretch.partition, page, owners)
  }
}

function* changesOf(
  rows: ChangeRows,
  partition: number,
  page: ReplyRows,
  owners: OwnersMemo,
): Generator<readonly StoredChange[]> {
  let changes: StoredChange[] = []
  let before = -1
  while (page.next()) {
    const offset = page.whole()
    const loggedAtMs = page.whole()
    const change = rows.changeOf(page, owners)
    if (offset !== before) changes.push({ change, partition, offset, loggedAtMs })
    before = offset
    if (changes.length < STEP_ROWS) continue
    yield changes
    changes = []
  }
  if (changes.length > 0) yield changes
}
