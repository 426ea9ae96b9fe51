import { Worker } from 'node:worker_threads'
import { reasonOf } from '../../runtime/errors.ts'
import { fromPost } from '../../runtime/posted-error.ts'
import { apiErrors } from '../errors.ts'
import type { Answered, FromThread, JobSetup, ToThread } from './messages.ts'

export type AnswerThreadOptions = {
  /** Of the thread; those of this process where it is left out. */
  readonly execArgv?: readonly string[] | undefined
  /** Not when it was closed. */
  readonly onDied: (error: Error) => void
}

/** From sources as they are, or compiled: the worker lies beside this file under the same ending. */
const ENTRY = new URL(`./answer-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

type Waiting = { readonly resolve: (answered: Answered) => void; readonly reject: (error: Error) => void }

/** A thread that answers. Where it dies, what it was at fails, and so does everything after. */
export class AnswerThread {
  isReady = false
  private readonly worker: Worker
  private readonly waiting = new Map<number, Waiting>()
  private readonly begun = new Set<number>()
  private pieces = 0
  private death: Error | undefined
  private isClosed = false

  constructor({ execArgv, onDied }: AnswerThreadOptions) {
    this.worker = new Worker(ENTRY, execArgv && { execArgv: [...execArgv] })
    // Only who waits for an answer keeps the process up.
    this.worker.unref()
    this.worker.on('message', (message: FromThread) => {
      if (message.kind === 'ready') this.isReady = true
      else this.settle(message)
    })
    const die = (reason: string, cause?: unknown) => {
      if (this.death) return
      this.death = apiErrors.answerThreadDied({ reason }, cause)
      this.isReady = false
      for (const { reject } of this.waiting.values()) reject(this.death)
      this.waiting.clear()
      if (!this.isClosed) onDied(this.death)
    }
    this.worker.on('error', error => die(reasonOf(error), error))
    this.worker.on('exit', code => die(`it ended with code ${code}`))
  }

  get isDead(): boolean {
    return this.death !== undefined
  }

  /** Pieces that it has, the one that it is at among them. */
  get load(): number {
    return this.waiting.size
  }

  /**
   * @param lines In memory of their own, which goes to the thread.
   * @throws WHOHAD_ANSWER_THREAD_DIED, and what the answering throws
   */
  answer(job: number, setup: JobSetup, lines: Uint8Array<ArrayBuffer>): Promise<Answered> {
    if (this.death) return Promise.reject(this.death)
    if (!this.begun.has(job)) {
      this.begun.add(job)
      this.post({ kind: 'begin', job, setup })
    }
    const piece = this.pieces++
    return new Promise((resolve, reject) => {
      this.waiting.set(piece, { resolve, reject })
      this.post({ kind: 'piece', job, piece, lines }, [lines.buffer])
    })
  }

  end(job: number): void {
    if (this.begun.delete(job)) this.post({ kind: 'end', job })
  }

  async close(): Promise<void> {
    this.isClosed = true
    await this.worker.terminate()
  }

  private settle(message: Exclude<FromThread, { kind: 'ready' }>): void {
    const waiting = this.waiting.get(message.piece)
    this.waiting.delete(message.piece)
    if (message.kind === 'answered') waiting?.resolve(message)
    else waiting?.reject(fromPost(message.error))
  }

  private post(message: ToThread, transferred: readonly ArrayBuffer[] = []): void {
    this.worker.postMessage(message, transferred)
  }
}
