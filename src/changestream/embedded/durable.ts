import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'

/** Makes names in the folder durable: a file that was created or renamed is else lost with the power. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes the folder and those above it, each of them durable. */
export async function makeFolder(folder: string): Promise<void> {
  const wanted = resolve(folder)
  const made = await mkdir(wanted, { recursive: true })
  if (made === undefined) return
  let above = dirname(made)
  await syncFolder(above)
  for (const name of relative(above, dirname(wanted)).split(sep).filter(Boolean)) {
    above = join(above, name)
    await syncFolder(above)
  }
}

/** Ending of a file that is being made and not yet in its place. */
export const MADE_ASIDE = '.new'

/** Readers find the old content or the new, whole, whatever happens meanwhile. May be done again after a failure. */
export async function replaceFile(folder: string, name: string, content: string | Uint8Array): Promise<void> {
  const temporary = join(folder, `${name}${MADE_ASIDE}`)
  const handle = await open(temporary, 'w')
  try {
    await handle.writeFile(content)
    await handle.sync()
  } catch (error) {
    await rm(temporary, { force: true }) // on a full disk it would be in the way
    throw error
  } finally {
    await handle.close()
  }
  await rename(temporary, join(folder, name))
  await syncFolder(folder)
}

export const isErrno = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? '')

/** Whether there was no room: it may be there again, and nothing is wrong with the disk. */
export const isFull = (error: unknown): boolean => isErrno(error, 'ENOSPC', 'EDQUOT', 'EFBIG')
