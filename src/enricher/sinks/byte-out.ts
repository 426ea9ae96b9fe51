import { once } from 'node:events'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createGzip } from 'node:zlib'
import { syncFolder } from '../../changestream/embedded/durable.ts'
import { reasonOf } from '../../runtime/errors.ts'
import { enricherErrors } from '../errors.ts'

/** Where the bytes of an output go: all or nothing, where that can be (standard output cannot take back what it has). */
export type ByteOut = {
  /** Once it resolves the bytes may be written over. */
  write(bytes: Uint8Array): Promise<void>
  /** Bytes that were written. */
  finish(): Promise<number>
  abort(): Promise<void>
}

/** Ending of an output that is not whole yet. Whoever starts again writes over it. */
const UNFINISHED = '.part'
const GZIP_CHUNK_BYTES = 256 * 1024

/** A file that appears under its name once it is whole and durable. @throws WHOHAD_OUTPUT_NOT_WRITTEN, from every method. */
export async function fileOut(path: string): Promise<ByteOut> {
  const refused = (cause: unknown): never => {
    throw enricherErrors.outputNotWritten({ path, reason: reasonOf(cause) }, cause)
  }
  const aside = `${path}${UNFINISHED}`
  const handle: FileHandle = await open(aside, 'w').catch(refused)
  let written = 0
  let isOver = false
  const remove = async () => {
    isOver = true
    await handle.close().catch(() => {}) // closed already where it could not be renamed
    await rm(aside, { force: true })
  }
  return {
    async write(bytes) {
      await handle.writeFile(bytes).catch(refused)
      written += bytes.length
    },
    async finish() {
      try {
        await handle.sync()
        await handle.close()
        await rename(aside, path)
        await syncFolder(dirname(path))
      } catch (error) {
        await remove()
        return refused(error)
      }
      isOver = true
      return written
    },
    async abort() {
      if (!isOver) await remove()
    },
  }
}

/** A file that is read and then removed: made at the first bytes, and not durable. @throws WHOHAD_OUTPUT_NOT_WRITTEN */
export function scratchOut(path: string): ByteOut {
  const refused = (cause: unknown): never => {
    throw enricherErrors.outputNotWritten({ path, reason: reasonOf(cause) }, cause)
  }
  let handle: FileHandle | undefined
  let written = 0
  const close = async () => {
    const opened = handle
    handle = undefined
    await opened?.close()
  }
  return {
    async write(bytes) {
      handle ??= await open(path, 'w').catch(refused)
      await handle.writeFile(bytes).catch(refused)
      written += bytes.length
    },
    async finish() {
      await close().catch(refused)
      return written
    },
    async abort() {
      await close()
      await rm(path, { force: true })
    },
  }
}

/** A stream that others read, as standard output. It is not ended: others may write to it later. */
export function streamOut(stream: NodeJS.WritableStream): ByteOut {
  let written = 0
  return {
    async write(bytes) {
      written += bytes.length
      if (!stream.write(Uint8Array.from(bytes))) await once(stream, 'drain')
    },
    finish: async () => written,
    abort: async () => {},
  }
}

/** One that several write to, one after another: whoever finishes or gives up leaves it as it is. */
export const sharedOut = (out: ByteOut): ByteOut => ({ ...out, finish: async () => 0, abort: async () => {} })

/** Another one, through gzip: one member, compressed off this thread. */
export function gzipOut(out: ByteOut): ByteOut {
  const gzip = createGzip({ chunkSize: GZIP_CHUNK_BYTES })
  const pumped = (async () => {
    for await (const chunk of gzip) await out.write(chunk)
  })()
  pumped.catch(() => {}) // whoever writes or finishes is told
  return {
    async write(bytes) {
      if (!gzip.write(Uint8Array.from(bytes))) await Promise.race([once(gzip, 'drain'), pumped])
    },
    async finish() {
      gzip.end()
      await pumped
      return out.finish()
    },
    async abort() {
      gzip.destroy()
      await pumped.catch(() => {})
      await out.abort()
    },
  }
}
