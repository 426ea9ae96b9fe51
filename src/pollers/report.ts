import type { Contradiction } from '../ownership/hearing.ts'
import type { Millis } from '../ownership/window.ts'
import type { Refusal } from './refusal.ts'

/** One callback per happening; the CLI turns each into its log line and its metric. */
export type PollReport = {
  /** A poll counted, and its changes are in the change stream. */
  pollCompleted(d: {
    readonly source: string
    readonly bindings: number
    /** Claims that this poll revised or opened. */
    readonly changed: number
    readonly completeUpToMs: Millis
    readonly tookMs: Millis
    /** Times that the source stated and its own polls refute: they changed no window. */
    readonly contradictions: readonly Contradiction[]
  }): void
  /** A poll did not count; `cause` is what the listing threw, null where a guard spoke. */
  pollRefused(d: Refusal & { readonly source: string; readonly cause: unknown }): void
  /** The change stream did not take the changes of a poll or a look; the poller reads its own state back before it goes on. */
  publishFailed(d: { readonly source: string; readonly cause: unknown }): void
  /** The source's state could not be read from the change stream; nothing is polled until it can. */
  adoptFailed(d: { readonly source: string; readonly cause: unknown }): void
}

/**
 * What came of a look between two polls. `narrowed`: it changed a claim. `disbelieved`: the reply showed none of some addresses
 * that do not change hands.
 */
export type LookResult = 'narrowed' | 'nothing' | 'disbelieved' | 'failed'

export type LookReport = {
  /** A look is over, and what it changed is in the change stream. */
  lookDone(d: {
    readonly source: string
    readonly result: LookResult
    /** Addresses that it was about. */
    readonly asked: number
    /** Claims that it opened, closed or found missing. */
    readonly changed: number
    readonly tookMs: Millis
    /** What it threw where it failed, else null. */
    readonly cause: unknown
  }): void
}
