import type { Clock } from '../../runtime/clock.ts'
import { type ApiKey, isSecretOf, newApiKey, partsOfKey } from './api-key.ts'
import { readKeys, statsOf } from './keys-file.ts'

/** How long a key that was taken out of the file may still be taken. */
const LOOK_EVERY_MS = 1000

/** The keys of a file, read again when the file changes. */
export class KeyRing {
  private readonly path: string
  private readonly clock: Pick<Clock, 'now'>
  private keys: ReadonlyMap<string, ApiKey> = new Map()
  private seen: string | undefined
  private lookedAtMs = Number.NEGATIVE_INFINITY
  /** Compared with where no key has the id, so that both take as long. */
  private readonly nobody = newApiKey('', [], 0).key

  /** @throws WHOHAD_KEYS_FILE_UNREADABLE */
  constructor(path: string, clock: Pick<Clock, 'now'>) {
    this.path = path
    this.clock = clock
    this.look()
  }

  /**
   * Whose key the text is; undefined where it is nobody's.
   *
   * @throws WHOHAD_KEYS_FILE_UNREADABLE while the file cannot be read: a key that was taken back in it must not count on
   */
  find(text: string): ApiKey | undefined {
    this.look()
    const parts = partsOfKey(text)
    if (parts === undefined) return undefined
    const key = this.keys.get(parts.id)
    return isSecretOf(key ?? this.nobody, parts.secret) ? key : undefined
  }

  private look(): void {
    const nowMs = this.clock.now()
    // A clock that was set back must not stop the looking.
    if (Math.abs(nowMs - this.lookedAtMs) < LOOK_EVERY_MS) return
    const stats = statsOf(this.path)
    const now = stats === undefined ? 'none' : `${stats.ino} ${stats.size} ${stats.mtimeMs} ${stats.mode}`
    if (now !== this.seen) {
      this.keys = new Map(readKeys(this.path).map(key => [key.id, key]))
      this.seen = now
    }
    this.lookedAtMs = nowMs
  }
}
