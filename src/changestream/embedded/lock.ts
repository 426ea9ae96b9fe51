import { randomUUID } from 'node:crypto'
import { link, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { changestreamErrors } from '../errors.ts'
import { isErrno } from './durable.ts'
import { unusable } from './unusable.ts'

/** Gives the folder back to whoever opens it next. */
export type FolderLock = { release(): Promise<void> }

type Holder = { readonly pid: number; readonly started: string | null }

/**
 * Takes the folder for this process. Node has no flock, so the file `lock` names its holder; one whose process is gone
 * (or whose pid now belongs to a process that started at another time) is taken over.
 * @throws WHOHAD_STREAM_LOCKED with the holder's pid, WHOHAD_STREAM_FOLDER_UNUSABLE.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, 'lock')
  const own = join(folder, `lock.${randomUUID()}`)
  const mine: Holder = { pid: process.pid, started: await startOf(process.pid) }
  await writeFile(own, JSON.stringify(mine)).catch(unusable(folder))
  try {
    // A link appears whole or not at all: nobody can read a lock that is only half written.
    while (!(await linked(own, path))) await removeStale(folder, path)
  } finally {
    await rm(own, { force: true })
  }
  return { release: () => rm(path, { force: true }) }
}

/** Process id of whoever has the folder now; undefined where nobody does. Nothing is changed. */
export async function lockHolder(folder: string): Promise<number | undefined> {
  const holder = parseHolder((await readIfThere(join(folder, 'lock'))) ?? '')
  return holder && (await isAlive(holder)) ? holder.pid : undefined
}

async function linked(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path)
    return true
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false
    throw error
  }
}

async function removeStale(folder: string, path: string): Promise<void> {
  const text = await readIfThere(path)
  if (text === undefined) return
  const holder = parseHolder(text)
  if (holder && (await isAlive(holder))) throw changestreamErrors.locked({ folder, pid: holder.pid })
  const aside = `${path}.stale.${randomUUID()}`
  try {
    await rename(path, aside)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return
    throw error
  }
  // Another process may have replaced the stale lock by its own between our look and our rename: give it back.
  if ((await readFile(aside, 'utf8')) !== text) await linked(aside, path)
  await unlink(aside)
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, started } = JSON.parse(text) as Partial<Holder>
    return Number.isInteger(pid) && pid !== undefined && pid > 0 ? { pid, started: started ?? null } : undefined
  } catch {
    return undefined // written by a process that died before its disk had it: as good as no holder
  }
}

async function isAlive({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return false
  }
  const now = await startOf(pid)
  return started === null || now === null || now === started
}

/** When the process was started, in the kernel's ticks since boot; null where there is no /proc (then the pid decides). */
async function startOf(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // proc(5): the 22nd field; the second one, a name in brackets, may itself hold blanks and brackets.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}
