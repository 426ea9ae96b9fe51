import { existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from '../changestream/embedded/durable.ts'
import { reasonOf } from '../runtime/errors.ts'
import { cliErrors } from './errors.ts'

/** Where an export goes. */
export type Sink = {
  write(bytes: Uint8Array): Promise<void>
  bytes(): number
  /** From here on it is there, whole and durable. */
  keep(): Promise<void>
  /** Leaves nothing behind; standard output cannot take back what it has. */
  discard(): Promise<void>
}

/** A file that appears only once it is whole, or standard output. @throws WHOHAD_EXPORT_FILE_EXISTS, WHOHAD_EXPORT_NOT_WRITTEN */
export const openSink = (out: string): Promise<Sink> => (out === '-' ? standardOutput() : file(out))

async function standardOutput(): Promise<Sink> {
  let written = 0
  return {
    async write(bytes) {
      written += bytes.length
      if (process.stdout.write(bytes)) return
      await new Promise<void>(resolve => process.stdout.once('drain', resolve))
    },
    bytes: () => written,
    keep: async () => {},
    discard: async () => {},
  }
}

async function file(path: string): Promise<Sink> {
  if (existsSync(path)) throw cliErrors.exportFileExists({ file: path })
  const refused = (cause: unknown): never => {
    throw cliErrors.exportNotWritten({ file: path, reason: reasonOf(cause) }, cause)
  }
  const aside = `${path}.new`
  const handle = await open(aside, 'w').catch(refused)
  let written = 0
  return {
    async write(bytes) {
      await handle.writeFile(bytes).catch(refused)
      written += bytes.length
    },
    bytes: () => written,
    async keep() {
      await handle.sync().catch(refused)
      await handle.close()
      await rename(aside, path).catch(refused)
      await syncFolder(dirname(path)).catch(refused)
    },
    async discard() {
      await handle.close().catch(() => {}) // closed already where it could not be renamed
      await rm(aside, { force: true })
    },
  }
}
