import type { Clock, Millis } from '../../runtime/clock.ts'

/** What requests are signed with. `expiration` is absent where it does not end by itself. */
export type Ec2Keys = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

export type HeldCredentials = {
  /** Those at hand, or new ones where these expire within five minutes. One fetch at a time, whoever asks. */
  keys(): Promise<Ec2Keys>
  /**
   * A request that was begun at `usedAtMs` was refused as expired: the next call of `keys` gives others. False where those
   * that it had were fetched within the last minute, and so new ones would be refused too.
   */
  renew(usedAtMs: Millis): boolean
}

const RENEW_BEFORE_MS = 5 * 60_000
/** While new ones cannot be had and the old ones serve, it is tried again no sooner. */
const RETRY_MS = 30_000
const TOO_FRESH_MS = 60_000

type Held = { readonly keys: Ec2Keys; readonly fetchedAtMs: Millis }

/**
 * Keeps credentials and renews them before they expire. Where that fails, those at hand serve to their end and `late` is
 * told; without any the failure is thrown. `fetch` is told to skip every cache of its own where the ones before were refused.
 */
export function holdCredentials(
  fetch: (anew: boolean) => Promise<Ec2Keys>,
  clock: Clock,
  late: (d: { readonly cause: unknown; readonly expireAtMs: number }) => void,
): HeldCredentials {
  let held: Held | null = null
  let fetching: Promise<Ec2Keys> | null = null
  let notBeforeMs = Number.NEGATIVE_INFINITY
  let refused = false

  async function fetchNow(): Promise<Ec2Keys> {
    try {
      const keys = await fetch(refused)
      held = { keys, fetchedAtMs: clock.now() }
      refused = false
      return keys
    } catch (cause) {
      const expireAtMs = held?.keys.expiration?.getTime()
      if (held === null || refused || expireAtMs === undefined || expireAtMs <= clock.now()) throw cause
      notBeforeMs = clock.now() + RETRY_MS
      late({ cause, expireAtMs })
      return held.keys
    } finally {
      fetching = null
    }
  }
  const serves = ({ keys: { expiration } }: Held) => {
    if (refused || expiration === undefined) return !refused
    const leftMs = expiration.getTime() - clock.now()
    return leftMs > RENEW_BEFORE_MS || (leftMs > 0 && clock.now() < notBeforeMs)
  }
  return {
    async keys() {
      if (held !== null && serves(held)) return held.keys
      fetching ??= fetchNow()
      return fetching
    },
    renew(usedAtMs) {
      // Another request was refused before, and has brought new ones meanwhile.
      if (held !== null && held.fetchedAtMs > usedAtMs) return true
      if (held === null || clock.now() - held.fetchedAtMs < TOO_FRESH_MS) return false
      refused = true
      return true
    },
  }
}
