import { randomUUID } from 'node:crypto'
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { syncFolder } from '../embedded/durable.ts'

/**
 * Gives the file at `path` the content that `write` streams into a new one beside it. Whatever happens, the file is the old one
 * or the new one, whole. Two writers at a time do not mix: the later one takes the earlier one's place, which then fails.
 */
export async function replaceWhole(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  { fsync }: { readonly fsync: boolean },
): Promise<void> {
  const folder = dirname(path)
  await removeUnfinished(folder, basename(path))
  const temporary = join(folder, `${basename(path)}.new-${randomUUID()}`)
  try {
    const file = await open(temporary, 'wx')
    try {
      await write(file)
      if (fsync) await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}) // the next writer tries again; the cause matters more
    throw error
  }
  if (fsync) await syncFolder(folder)
}

/** What a killed writer left can be as large as the file itself: it must not stay until the disk is full of it. */
async function removeUnfinished(folder: string, name: string): Promise<void> {
  const prefix = `${name}.new-`
  const left = (await readdir(folder)).filter(
    entry => entry.startsWith(prefix) && /^[0-9a-f-]{36}$/.test(entry.slice(prefix.length)),
  )
  await Promise.all(left.map(entry => rm(join(folder, entry), { force: true })))
}
