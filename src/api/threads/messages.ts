import type { GenerationColumns } from '../../ownership/generation/generation.ts'
import type { SourceView } from '../../ownership/source-view.ts'
import type { Millis } from '../../ownership/window.ts'
import type { PostedError } from '../../runtime/posted-error.ts'
import type { Form } from './form.ts'

/** All that another thread needs to answer pieces of a request as this one does. It can be posted. */
export type JobSetup = {
  /** What is in shared memory is not copied. Jobs whose generation has the same number share one in a thread. */
  readonly generation: { readonly number: number; readonly columns: GenerationColumns }
  readonly nowMs: Millis
  /** The domains that the caller may read; null is every one. */
  readonly domains: readonly string[] | null
  /** As the caller may see them. */
  readonly sources: readonly SourceView[]
  readonly form: Form
  /** One number in shared memory: 1 once nobody waits for answers any more. */
  readonly over: Int32Array
}

/** Jobs and pieces are numbered by the main thread. `lines` are of a buffer of their own, which goes to the taker. */
export type ToThread =
  | { readonly kind: 'begin'; readonly job: number; readonly setup: JobSetup }
  | { readonly kind: 'piece'; readonly job: number; readonly piece: number; readonly lines: Uint8Array }
  | { readonly kind: 'end'; readonly job: number }

/** `asked` is how many addresses a piece asked about. */
export type Answered = { readonly answers: Uint8Array; readonly asked: number }

export type FromThread =
  | { readonly kind: 'ready' }
  | ({ readonly kind: 'answered'; readonly piece: number } & Answered)
  | { readonly kind: 'failed'; readonly piece: number; readonly error: PostedError }
