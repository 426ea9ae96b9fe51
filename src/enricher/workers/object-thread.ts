import { Worker } from 'node:worker_threads'
import { reasonOf } from '../../runtime/errors.ts'
import { fromPost } from '../../runtime/posted-error.ts'
import { enricherErrors } from '../errors.ts'
import type { FromWorker, ObjectHandler, ToWorker, WorkerSetup } from './handler.ts'

export type ThreadOptions = WorkerSetup & {
  /** Of the thread; those of this process where it is left out. */
  readonly execArgv?: readonly string[] | undefined
}

/** From sources as they are, or compiled: the worker lies beside this file under the same ending. */
const ENTRY = new URL(`./object-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

type Waiting<Result> = { readonly resolve: (result: Result) => void; readonly reject: (error: Error) => void }

/** A handler in a thread of its own. Where the thread dies, what it was at fails, and so does everything after. */
export class ObjectThread<Task, Result> implements ObjectHandler<Task, Result> {
  private readonly worker: Worker
  private waiting: Waiting<Result> | undefined
  private readonly opened: Promise<void>
  private death: Error | undefined

  constructor({ module, setup, execArgv }: ThreadOptions) {
    const workerData: WorkerSetup = { module, setup }
    this.worker = new Worker(ENTRY, { workerData, ...(execArgv && { execArgv: [...execArgv] }) })
    let isOpen: () => void = () => {}
    let isNot: (error: Error) => void = () => {}
    this.opened = new Promise((resolve, reject) => {
      isOpen = resolve
      isNot = reject
    })
    // Whoever waits for it learns of it; if nobody does, the next task.
    this.opened.catch(() => {})
    this.worker.on('message', (message: FromWorker<Result>) => {
      if (message.kind === 'ready') isOpen()
      else this.settle(message)
    })
    const die = (reason: string, cause?: unknown) => {
      this.death ??= enricherErrors.workerDied({ reason }, cause)
      isNot(this.death)
      this.waiting?.reject(this.death)
      this.waiting = undefined
    }
    this.worker.on('error', error => die(reasonOf(error), error))
    this.worker.on('exit', code => die(`its thread ended with code ${code}`))
  }

  get isDead(): boolean {
    return this.death !== undefined
  }

  async handle(task: Task, signal: AbortSignal): Promise<Result> {
    await this.opened
    if (this.death) throw this.death
    signal.throwIfAborted()
    const abort = () => this.post({ kind: 'abort' })
    signal.addEventListener('abort', abort)
    try {
      return await new Promise<Result>((resolve, reject) => {
        this.waiting = { resolve, reject }
        this.post({ kind: 'task', task })
      })
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  async close(): Promise<void> {
    await this.worker.terminate()
  }

  private settle(message: Exclude<FromWorker<Result>, { kind: 'ready' }>): void {
    const { waiting } = this
    this.waiting = undefined
    if (message.kind === 'done') waiting?.resolve(message.result)
    else waiting?.reject(fromPost(message.error))
  }

  private post(message: ToWorker<Task>): void {
    this.worker.postMessage(message)
  }
}
