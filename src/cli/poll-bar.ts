import type { SourceState } from '../ownership/snapshot-diff.ts'
import type { OnPage } from '../pollers/inventory.ts'
import { systemClock } from '../runtime/clock.ts'
import { progressBar } from './terminal.ts'

/** A bar that only a listing gets to see which takes its time; it fills by what the poll before had shown. */
const SHOWN_AFTER_MS = 1_000

/** Shows on stderr, where that is a terminal, how far a listing has come. */
export function pollBar(source: string, before: SourceState): { readonly onPage: OnPage; end(): void } {
  const expected = new Set([...before.claims.values()].flatMap(({ owners }) => owners.map(owner => owner.resourceId)))
    .size
  const bar = progressBar(source)
  const begunAtMs = systemClock.now()
  let pages = 0
  let items = 0
  return {
    onPage(count) {
      pages++
      items += count
      const tookMs = systemClock.now() - begunAtMs
      if (tookMs < SHOWN_AFTER_MS) return
      const note = `${items.toLocaleString('en-US')} resources in ${pages} pages, ${Math.round(tookMs / 1000)} s`
      bar.show(expected === 0 ? 0 : Math.min(items, expected), Math.max(1, expected), note)
    },
    end: () => bar.end(),
  }
}
