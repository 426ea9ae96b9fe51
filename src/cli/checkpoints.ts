import { join } from 'node:path'
import { writeCheckpoint } from '../changestream/checkpoint/checkpoint.ts'
import type { Materialiser } from '../changestream/materialise.ts'
import { hasReached, type Position } from '../changestream/port.ts'
import type { FollowingView } from '../enricher/view.ts'
import type { Clock } from '../runtime/clock.ts'
import { ticks } from '../runtime/ticks.ts'

export const checkpointPath = (dataPath: string): string => join(dataPath, 'index.checkpoint')

export type CheckpointsReport = {
  checkpointWritten(d: {
    readonly path: string
    readonly claims: number
    readonly bytes: number
    readonly tookMs: number
  }): void
  /** The old one is still there, if there was one; the next attempt comes with the next interval. */
  checkpointFailed(d: { readonly path: string; readonly cause: unknown }): void
}

export type Checkpoints = {
  /** Writes one where anything was read since the last. One at a time; never throws. */
  write(): Promise<void>
  /** Writes one after every interval, until the signal. */
  run(everyMs: number, signal: AbortSignal): Promise<void>
}

/** Keeps what a restart would else have to read again. `written` is the position of the one that is there. */
export function checkpointsOf(parts: {
  readonly path: string
  readonly view: FollowingView
  readonly materialiser: Materialiser
  readonly claims: () => number
  readonly written: Position | undefined
  readonly clock: Clock
  readonly report: CheckpointsReport
}): Checkpoints {
  const { path, view, materialiser, claims, clock, report } = parts
  let written: Position = parts.written ?? []
  let running: Promise<void> = Promise.resolve()
  const writeOne = async (): Promise<void> => {
    if (hasReached(written, materialiser.position())) return
    const startedMs = clock.now()
    try {
      const { image, read } = await view.snapshot(() => materialiser.readState())
      await writeCheckpoint(path, { read, image })
      written = read.positions
      const bytes = image.sections.reduce((sum, section) => sum + section.bytes.length, 0)
      report.checkpointWritten({ path, claims: claims(), bytes, tookMs: clock.now() - startedMs })
    } catch (cause) {
      report.checkpointFailed({ path, cause })
    }
  }
  const write = (): Promise<void> => {
    running = running.then(writeOne)
    return running
  }
  return {
    write,
    async run(everyMs, signal) {
      let isFirst = true
      for await (const _tick of ticks(clock, everyMs, signal)) {
        if (!isFirst) await write()
        isFirst = false
      }
    },
  }
}
