import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { reasonOf } from '../../runtime/errors.ts'
import { enricherErrors } from '../errors.ts'
import { filesOf } from './glob.ts'
import type { FlowObjectRef } from './object-ref.ts'

const STANDARD_INPUT = '-'
const CHUNK_BYTES = 256 * 1024

/**
 * The files that an argument names: "-" and a file themselves, a folder all below it, a pattern what it matches. Throws
 * WHOHAD_FLOW_FILE_UNREADABLE where that is none.
 */
export async function flowFiles(argument: string): Promise<readonly string[]> {
  if (argument === STANDARD_INPUT) return [argument]
  const files = await filesOf(argument)
  if (files.length === 0) throw enricherErrors.flowFileUnreadable({ path: argument, reason: 'no file is there' })
  return files
}

/** The bytes of a file, or of standard input for "-". Throws WHOHAD_FLOW_FILE_UNREADABLE, also from within the iteration. */
export async function openFlowFile(path: string): Promise<AsyncIterable<Uint8Array>> {
  if (path === STANDARD_INPUT) return named(path, process.stdin)
  let handle: FileHandle
  try {
    handle = await open(path, 'r')
  } catch (cause) {
    throw unreadable(path, cause)
  }
  if ((await handle.stat()).isDirectory()) {
    await handle.close()
    throw enricherErrors.flowFileUnreadable({ path, reason: 'it is a folder, give the files in it' })
  }
  return named(path, handle.createReadStream({ highWaterMark: CHUNK_BYTES }))
}

/** A file as an object: its path as key and the hash of its contents as etag, so that a changed file is another object. */
export async function fileObject(path: string): Promise<FlowObjectRef> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  for await (const chunk of named(path, createReadStream(path, { highWaterMark: CHUNK_BYTES }))) {
    hash.update(chunk)
    sizeBytes += chunk.length
  }
  return { bucket: '', key: path, etag: hash.digest('hex'), sizeBytes }
}

async function* named(path: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

const SAID: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder, give the files in it',
}

function unreadable(path: string, cause: unknown) {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return enricherErrors.flowFileUnreadable({ path, reason: SAID[code] ?? reasonOf(cause) }, cause)
}
