import type { Generation } from '../../ownership/generation/generation.ts'
import { apiErrors } from '../errors.ts'
import type { ApiReport } from '../report.ts'
import { AnswerThread } from './answer-thread.ts'
import type { JobSetup } from './messages.ts'

export type AnswerThreadsOptions = {
  readonly threads: number
  /** Of the threads; those of this process where it is left out. */
  readonly execArgv?: readonly string[] | undefined
  readonly report: Pick<ApiReport, 'answerThreadDied'>
}

/** What a request asks of the threads; the rest of `JobSetup` is theirs. */
export type JobOf = Omit<JobSetup, 'generation' | 'over'> & { readonly generation: Generation }

/** The answers of one request, by whichever threads are free. */
export type Job = {
  /** Pieces that are worth handing over before the first of them is answered. */
  readonly atOnce: number
  /**
   * The answers to some lines, and how many addresses these were about.
   * @param lines In memory of their own, which is gone afterwards.
   * @throws WHOHAD_ANSWER_THREAD_DIED, and what the answering throws
   */
  answer(lines: Uint8Array<ArrayBuffer>): Promise<{ readonly answers: Buffer; readonly asked: number }>
  /** Nobody waits for what is still under way. */
  end(): void
}

const PIECES_OF_A_THREAD = 2

/** Threads that answer pieces of long requests, started when the first such request comes. */
export class AnswerThreads {
  private readonly options: AnswerThreadsOptions
  private threads: AnswerThread[] = []
  private readonly generations = new WeakMap<Generation, number>()
  private generationsSeen = 0
  private jobs = 0
  private isClosed = false

  constructor(options: AnswerThreadsOptions) {
    this.options = options
  }

  /** Has threads started in the places where there are none, or dead ones. Until one is ready whoever asks goes on by itself. */
  start(): void {
    if (this.isClosed) return
    const living = this.threads.filter(({ isDead }) => !isDead)
    while (living.length < this.options.threads) living.push(this.started())
    this.threads = living
  }

  get isReady(): boolean {
    return this.threads.some(({ isReady }) => isReady)
  }

  begin({ generation, ...job }: JobOf): Job {
    const number = this.jobs++
    const over = new Int32Array(new SharedArrayBuffer(4))
    const setup: JobSetup = {
      ...job,
      generation: { number: this.numberOf(generation), columns: generation.columns },
      over,
    }
    return {
      atOnce: this.options.threads * PIECES_OF_A_THREAD,
      answer: async lines => {
        const { answers, asked } = await this.freest().answer(number, setup, lines)
        return { answers: Buffer.from(answers.buffer, answers.byteOffset, answers.byteLength), asked }
      },
      end: () => {
        Atomics.store(over, 0, 1)
        for (const thread of this.threads) thread.end(number)
      },
    }
  }

  async close(): Promise<void> {
    this.isClosed = true
    await Promise.all(this.threads.map(thread => thread.close()))
  }

  private started(): AnswerThread {
    const { execArgv, report } = this.options
    return new AnswerThread({ execArgv, onDied: cause => report.answerThreadDied({ cause }) })
  }

  private freest(): AnswerThread {
    const ready = this.threads.filter(({ isReady }) => isReady)
    const [first, ...others] = ready
    if (first === undefined) throw apiErrors.answerThreadDied({ reason: 'no other is ready' })
    return others.reduce((least, one) => (one.load < least.load ? one : least), first)
  }

  private numberOf(generation: Generation): number {
    const number = this.generations.get(generation) ?? this.generationsSeen++
    this.generations.set(generation, number)
    return number
  }
}
