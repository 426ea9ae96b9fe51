import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/** An empty folder below the data folder, for files on their way into the store. Those of processes that died are removed. */
export async function stagingFolder(dataPath: string): Promise<string> {
  const parent = resolve(dataPath, 'staging')
  await mkdir(parent, { recursive: true })
  for (const name of await readdir(parent)) {
    if (!isAlive(Number.parseInt(name, 10))) await rm(join(parent, name), { recursive: true, force: true })
  }
  return mkdtemp(join(parent, `${process.pid}-`))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
