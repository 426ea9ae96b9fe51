import type { PostedError } from '../../runtime/posted-error.ts'

/** Takes whole objects, one at a time: the same in a worker thread and in the main one. */
export type ObjectHandler<Task, Result> = {
  /** What it throws with a code comes back with that code. The signal says that nobody waits for the result any more. */
  handle(task: Task, signal: AbortSignal): Promise<Result>
}

/**
 * What a worker imports. The setup comes to it by posting: typed arrays over shared memory are not copied, functions cannot
 * come. Tasks and results are small.
 */
export type HandlerModule<Setup, Task, Result> = {
  openHandler(setup: Setup): Promise<ObjectHandler<Task, Result>> | ObjectHandler<Task, Result>
}

export type FromWorker<Result> =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly result: Result }
  | { readonly kind: 'failed'; readonly error: PostedError }

export type ToWorker<Task> = { readonly kind: 'task'; readonly task: Task } | { readonly kind: 'abort' }

export type WorkerSetup = { readonly module: string; readonly setup: unknown }
