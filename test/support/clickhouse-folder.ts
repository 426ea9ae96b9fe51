import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const made: string[] = []

// Registered when a test file imports this, before its own hooks, and so run after them: the engine has let go by then.
afterAll(async () => {
  // A merge of the engine may end only now, and still put its part there.
  for (const folder of made) await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
})

/** An empty folder that is gone after the tests of this file. */
export async function temporaryFolder(purpose: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `whohad-${purpose}-`))
  made.push(folder)
  return folder
}
