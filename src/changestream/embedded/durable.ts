import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'

/** Makes names in the folder durable: a file that was created or renamed is else lost with the power. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Readers find the old content or the new, whole, whatever happens meanwhile. */
export async function replaceFile(folder: string, name: string, content: string | Uint8Array): Promise<void> {
  const temporary = join(folder, `${name}.new`)
  const handle = await open(temporary, 'w')
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, join(folder, name))
  await syncFolder(folder)
}

/** A new file with this content; durable, name included, when it resolves. */
export async function createFile(folder: string, name: string, content: Uint8Array): Promise<void> {
  const handle = await open(join(folder, name), 'wx')
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await syncFolder(folder)
}

export const isErrno = (error: unknown, code: string): boolean =>
  error instanceof Error && (error as NodeJS.ErrnoException).code === code
