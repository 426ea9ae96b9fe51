import { watch } from 'node:fs'
import type { Clock } from '../runtime/clock.ts'
import { openEmbeddedReader, readBeside } from './embedded/embedded-log.ts'
import { FollowedFolder } from './embedded/followed-folder.ts'
import type { ChangeLog, LoggedChange, ReadOptions } from './port.ts'
import { Wakeup } from './wakeup.ts'

/** Not every file system tells of changes: then two files are looked at so often, which costs nothing. */
const LOOK_MS = 500
/** A writer that appends without a pause is looked at no more often than this. */
const LEAST_PAUSE_MS = 50

/**
 * Reads an embedded log beside the process that writes it, also on and on: the folder is watched, and of what was appended only
 * the new bytes are read. A writer that stops and starts meanwhile is no matter.
 * @throws WHOHAD_STREAM_POSITION_GONE where the writer lets go of what was not read yet.
 */
export async function openFollowingReader(
  folder: string,
  clock: Clock,
): Promise<Pick<ChangeLog, 'partitions' | 'read' | 'end'>> {
  const { partitions } = await openEmbeddedReader(folder)
  return {
    partitions,
    read: options => (options.follow ? follow(folder, clock, options) : readOnce(folder, options)),
    end: async () => (await openEmbeddedReader(folder)).end(),
  }
}

async function* readOnce(folder: string, options: ReadOptions): AsyncGenerator<readonly LoggedChange[]> {
  yield* (await openEmbeddedReader(folder)).read(options)
}

async function* follow(path: string, clock: Clock, options: ReadOptions): AsyncGenerator<readonly LoggedChange[]> {
  const followed = await FollowedFolder.open(path)
  const { folder } = followed
  const ended = new AbortController()
  const signal = AbortSignal.any([options.signal, ended.signal])
  let failure: unknown
  const following = keepUp(followed, path, clock, signal).catch(error => {
    failure = error
    folder.closed = true // whoever reads is told
    folder.grown.wake()
  })
  try {
    while (folder.segments.length === 0 && !folder.closed && !signal.aborted) await folder.grown.wait(signal)
    if (!signal.aborted) yield* readBeside(folder, options)
  } catch (error) {
    throw failure ?? error
  } finally {
    ended.abort()
    await following
  }
}

async function keepUp(followed: FollowedFolder, path: string, clock: Clock, signal: AbortSignal): Promise<void> {
  const touched = new Wakeup()
  const watcher = watch(path, { persistent: false }, () => touched.wake())
  watcher.on('error', () => watcher.close()) // then the slow look is what is left
  try {
    while (!signal.aborted) {
      const woken = touched.wait(signal) // from before the look on, so that nothing falls between
      await followed.refresh()
      await clock.sleep(LEAST_PAUSE_MS, signal)
      await Promise.race([woken, clock.sleep(LOOK_MS, signal)])
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    watcher.close()
  }
}
