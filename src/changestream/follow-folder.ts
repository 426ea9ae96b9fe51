import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../runtime/clock.ts'
import { openEmbeddedReader } from './embedded/embedded-log.ts'
import { isSegmentFile } from './embedded/manifest.ts'
import type { ChangeLog, LoggedChange, Position, ReadOptions } from './port.ts'

const LOOK_MS = 500

/**
 * Reads an embedded log beside the process that writes it, also on and on: it looks every half second whether the folder has
 * grown. A writer that stops and starts meanwhile is no matter.
 * @throws WHOHAD_STREAM_POSITION_GONE where the writer lets go of what was not read yet.
 */
export async function openFollowingReader(
  folder: string,
  clock: Clock,
): Promise<Pick<ChangeLog, 'partitions' | 'read' | 'end'>> {
  const { partitions } = await openEmbeddedReader(folder)
  return {
    partitions,
    read: options => follow(folder, clock, options),
    end: async () => (await openEmbeddedReader(folder)).end(),
  }
}

async function* follow(folder: string, clock: Clock, options: ReadOptions): AsyncGenerator<readonly LoggedChange[]> {
  const { signal } = options
  let from: Position | undefined = options.from
  while (!signal.aborted) {
    const seen = await extentOf(folder)
    const reader = await openEmbeddedReader(folder)
    const end = await reader.end()
    if (from === undefined || (end[0] ?? 0) > (from[0] ?? 0)) {
      yield* reader.read({ ...options, follow: false, ...(from && { from }) })
      from = end
    }
    await reader.close()
    if (!options.follow) return
    await untilOther(folder, seen, clock, signal)
  }
}

async function untilOther(folder: string, seen: string, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await extentOf(folder)) === seen) {
    await clock.sleep(LOOK_MS, signal).catch(() => {}) // the signal ends the waiting, and is looked at next
  }
}

/** Another text once something was appended. */
async function extentOf(folder: string): Promise<string> {
  const last = (await readdir(folder)).filter(isSegmentFile).sort().at(-1)
  if (last === undefined) return ''
  const { size } = await stat(join(folder, last)).catch(() => ({ size: 0 })) // let go of since it was listed
  return `${last} ${size}`
}
