import { letHeapsGrow } from '../../runtime/heap-growth.ts'
import type { HandlerModule, ObjectHandler } from './handler.ts'
import { ObjectThread } from './object-thread.ts'

export type PoolOptions = {
  /** Threads; with 0 everything runs in this one, by the same code. */
  readonly threads: number
  /** URL of a module of the form `HandlerModule`. */
  readonly module: string
  /** For its `openHandler`. */
  readonly setup: unknown
  /** Of the threads; those of this process where it is left out. */
  readonly execArgv?: readonly string[] | undefined
}

export type Handled<Task, Result> = { readonly task: Task } & (
  | { readonly result: Result }
  | { readonly error: unknown }
)

type Place<Task, Result> = {
  handler: ObjectHandler<Task, Result>
  running: Promise<Handled<Task, Result> & { readonly place: number }> | undefined
}

/** Handles objects in several threads at once, one object in each. */
export class ObjectPool<Task, Result> {
  private readonly options: PoolOptions
  private readonly places: Place<Task, Result>[]

  private constructor(options: PoolOptions, handlers: readonly ObjectHandler<Task, Result>[]) {
    this.options = options
    this.places = handlers.map(handler => ({ handler, running: undefined }))
  }

  static async open<Task, Result>(options: PoolOptions): Promise<ObjectPool<Task, Result>> {
    if (options.threads > 0) {
      letHeapsGrow()
      const threads = Array.from({ length: options.threads }, () => new ObjectThread<Task, Result>(options))
      return new ObjectPool<Task, Result>(options, threads)
    }
    const { openHandler } = (await import(options.module)) as HandlerModule<unknown, Task, Result>
    return new ObjectPool<Task, Result>(options, [await openHandler(options.setup)])
  }

  /**
   * What became of each task, in the order in which they were done. A task is taken only once a thread is free for it and
   * the results before it were taken, so that nothing piles up. One that throws, or whose thread dies, fails alone, and another
   * thread takes the place of a dead one. Once the signal is aborted no more are taken, and those under way are told.
   */
  async *handleAll(
    tasks: AsyncIterable<Task> | Iterable<Task>,
    signal: AbortSignal = new AbortController().signal,
  ): AsyncGenerator<Handled<Task, Result>> {
    const { places } = this
    for await (const task of tasks) {
      const place = places.findIndex(({ running }) => running === undefined)
      const free = places[place] as Place<Task, Result>
      free.running = this.run(free, task, signal).then(handled => ({ ...handled, place }))
      if (places.every(({ running }) => running !== undefined)) yield await this.next()
      if (signal.aborted) break
    }
    while (places.some(({ running }) => running !== undefined)) yield await this.next()
  }

  async close(): Promise<void> {
    await Promise.all(this.places.map(({ handler }) => (handler instanceof ObjectThread ? handler.close() : undefined)))
  }

  private async next(): Promise<Handled<Task, Result>> {
    const { place, ...handled } = await Promise.race(this.places.flatMap(({ running }) => running ?? []))
    const free = this.places[place] as Place<Task, Result>
    free.running = undefined
    return handled as Handled<Task, Result>
  }

  private async run(place: Place<Task, Result>, task: Task, signal: AbortSignal): Promise<Handled<Task, Result>> {
    if (place.handler instanceof ObjectThread && place.handler.isDead) {
      place.handler = new ObjectThread<Task, Result>(this.options)
    }
    try {
      return { task, result: await place.handler.handle(task, signal) }
    } catch (error) {
      return { task, error }
    }
  }
}
