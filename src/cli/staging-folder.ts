import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isLivingProcess } from '../runtime/living-process.ts'

/** An empty folder below the data folder, for files on their way into the store. Those of processes that died are removed. */
export async function stagingFolder(dataPath: string): Promise<string> {
  const parent = resolve(dataPath, 'staging')
  await mkdir(parent, { recursive: true })
  for (const name of await readdir(parent)) {
    if (!isLivingProcess(Number.parseInt(name, 10))) await rm(join(parent, name), { recursive: true, force: true })
  }
  return mkdtemp(join(parent, `${process.pid}-`))
}
