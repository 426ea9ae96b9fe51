import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs'
import Type from 'typebox'
import { Value } from 'typebox/value'
import { reasonOf } from '../../runtime/errors.ts'
import type { ApiKey } from './api-key.ts'
import { securityErrors } from './errors.ts'

const KeysSchema = Type.Object(
  {
    keys: Type.Array(
      Type.Object(
        {
          id: Type.String({ pattern: '^[0-9a-f]{12}$' }),
          name: Type.String(),
          domains: Type.Union([Type.Array(Type.String()), Type.Null()]),
          sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
          createdAt: Type.String(),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)

const OWNER_ONLY = 0o600
const WRITABLE_BY_OTHERS = 0o022

/**
 * The keys of a file; none where there is no file.
 *
 * @throws WHOHAD_KEYS_FILE_UNREADABLE, also where others than its owner may write it: they could let themselves in
 */
export function readKeys(path: string): readonly ApiKey[] {
  const stats = statsOf(path)
  if (stats === undefined) return []
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) throw unreadable(path, 'others than its owner may write it (chmod 600)')
  let held: unknown
  try {
    held = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw unreadable(path, reasonOf(cause), cause)
  }
  if (!Value.Check(KeysSchema, held)) throw unreadable(path, 'it is not what "whohad keys add" writes')
  return held.keys
}

/** @throws WHOHAD_KEYS_FILE_UNREADABLE */
export function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (cause) {
    throw unreadable(path, reasonOf(cause), cause)
  }
}

const unreadable = (path: string, reason: string, cause?: unknown) =>
  securityErrors.keysFileUnreadable({ path, reason }, cause)

/**
 * Writes what `change` makes of the keys, readable by its owner only, all of it or nothing. Two at a time do not lose a key: the
 * second is refused.
 *
 * @throws WHOHAD_KEYS_FILE_UNREADABLE, WHOHAD_KEYS_FILE_NOT_WRITTEN, and what `change` throws
 */
export function changeKeys(path: string, change: (keys: readonly ApiKey[]) => readonly ApiKey[]): void {
  const unfinished = `${path}.new`
  const file = attempt(path, () => openSync(unfinished, 'wx', OWNER_ONLY))
  try {
    try {
      const text = `${JSON.stringify({ keys: change(readKeys(path)) }, null, 2)}\n`
      attempt(path, () => {
        writeSync(file, text)
        fsyncSync(file)
      })
    } finally {
      closeSync(file)
    }
    attempt(path, () => renameSync(unfinished, path))
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  }
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw securityErrors.keysFileNotWritten({ path, reason: reasonOf(cause) }, cause)
  }
}
