import { setImmediate } from 'node:timers/promises'
import type { Cutter, LineAnswers } from '../bulk/transform.ts'
import type { AnswerThreads, Job, JobOf } from './answer-threads.ts'
import { WaitingLines } from './waiting-lines.ts'

/** A text that is answered in pieces: its beginning here, and where it turns out to be long the rest in other threads. */
export type LongText = {
  readonly cutter: Cutter
  readonly here: LineAnswers
  /** What another thread has to know to go on; undefined while, or where, none can. */
  job(): JobOf | undefined
  /** Told of addresses that other threads were asked about. */
  asked(count: number): void
}

/** So much is answered here: most requests are shorter, and need no thread. */
const BYTES_HERE = 256 * 1024

/** The answers in their order, whoever gives them. Between two pieces that are answered here others have their turn. */
export async function* longAnswers(
  body: AsyncIterable<Buffer>,
  text: LongText,
  threads: AnswerThreads | undefined,
  bytesHere = BYTES_HERE,
): AsyncGenerator<Buffer> {
  const pieces = piecesOf(body, text.cutter)
  let job: Job | undefined
  try {
    let answered = 0
    for (;;) {
      const { value, done } = await pieces.next()
      if (done) return
      const answers = text.here.answer(value)
      if (answers.length > 0) yield answers
      if (answered < bytesHere && answered + value.length >= bytesHere) threads?.start()
      answered += value.length
      const asked = answered >= bytesHere && threads?.isReady ? text.job() : undefined
      job = asked && threads?.begin(asked)
      if (job) break
      await setImmediate()
    }
    yield* inThreads(pieces, job, count => text.asked(count))
  } finally {
    job?.end()
    // With the first error the rest is no longer waited for.
    pieces.return(undefined).catch(() => {})
  }
}

async function* piecesOf(body: AsyncIterable<Buffer>, cutter: Cutter): AsyncGenerator<Buffer, undefined> {
  for await (const chunk of body) {
    const piece = cutter.take(chunk)
    if (piece.length > 0) yield piece
  }
  const last = cutter.end()
  if (last.length > 0) yield last
}

/** Reads on while there is room for pieces under way, so that the text is read no faster than its answers are. */
async function* inThreads(
  pieces: AsyncGenerator<Buffer, undefined>,
  job: Job,
  asked: (count: number) => void,
): AsyncGenerator<Buffer> {
  const underWay: Promise<Buffer>[] = []
  const waiting = new WaitingLines()
  let reading: Promise<IteratorResult<Buffer, undefined>> | undefined
  let isRead = false
  for (;;) {
    const isDue = underWay.length === 0 || isRead || waiting.isFull
    if (waiting.bytes > 0 && isDue && underWay.length < job.atOnce) {
      const answers = job.answer(waiting.take()).then(answered => {
        asked(answered.asked)
        return answered.answers
      })
      underWay.push(quiet(answers))
    }
    if (!isRead && !waiting.isFull) reading ??= quiet(pieces.next())
    const [first] = underWay
    if (first === undefined && reading === undefined) return
    const came = await Promise.race([first, reading].filter(one => one !== undefined))
    if (Buffer.isBuffer(came)) {
      underWay.shift()
      if (came.length > 0) yield came
    } else {
      reading = undefined
      if (came.done) isRead = true
      else waiting.add(came.value)
    }
  }
}

/** Whoever waits for it learns of its error, and until then nobody. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
