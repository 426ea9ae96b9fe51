import { constants } from 'node:fs'
import { access, mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { reasonOf } from '../runtime/errors.ts'
import { isLivingProcess } from '../runtime/living-process.ts'
import { storeErrors } from './errors.ts'

/** The engine keeps this file locked while it holds the folder, and writes its process id into it. */
const STATUS_FILE = 'status'

/**
 * Makes the folder where needed, and says in plain words why the engine could not open it: its own message for a lock, a
 * file in the way and missing rights is one and the same. Throws WHOHAD_STORE_LOCKED or WHOHAD_STORE_PATH_UNUSABLE.
 * `ourPid` may hold the folder already: clients within one process share it.
 */
export async function prepareDataFolder(path: string, ourPid: number): Promise<void> {
  try {
    await mkdir(path, { recursive: true })
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw storeErrors.pathUnusable({ path, reason: reasonOf(cause) }, cause)
  }
  const holder = await holderOf(path)
  if (holder !== undefined && holder.pid !== ourPid)
    throw storeErrors.locked({ path, holder: `process ${holder.pid}, since ${holder.since}` })
}

/** Which process holds the folder now, as far as the operating system tells. */
export async function holderOf(path: string): Promise<{ pid: number; since: string } | undefined> {
  const file = join(path, STATUS_FILE)
  const status = await textOf(file)
  if (status === undefined) return undefined
  const pid = Number(/^PID: (\d+)$/m.exec(status)?.[1] ?? Number.NaN)
  if (!Number.isInteger(pid)) return undefined
  const since = `${/^Started at: (.+)$/m.exec(status)?.[1] ?? 'an unknown time'} UTC`
  const locks = await textOf('/proc/locks')
  // A file of a process that was killed stays behind unlocked. Where locks cannot be listed, a living process is taken
  // for the holder.
  const held = locks === undefined ? isLivingProcess(pid) : locksFile(locks, (await stat(file)).ino, pid)
  return held ? { pid, since } : undefined
}

/** A line of /proc/locks reads "1: FLOCK  ADVISORY  WRITE 10888 fe:00:9986118 0 EOF". */
const locksFile = (locks: string, inode: number, pid: number): boolean =>
  locks.split('\n').some(line => {
    const words = line.trim().split(/\s+/)
    return words[1] === 'FLOCK' && words[4] === String(pid) && words[5]?.endsWith(`:${inode}`) === true
  })

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch {
    return undefined // Not there or not ours to read: both mean that it tells nothing about a holder.
  }
}
