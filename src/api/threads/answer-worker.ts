// A thread that answers pieces of long requests, one after the other, over the shared memory of their generations.
import { parentPort } from 'node:worker_threads'
import { Generation } from '../../ownership/generation/generation.ts'
import { toPost } from '../../runtime/posted-error.ts'
import { DecidedDomains } from '../bulk/deciding.ts'
import { ManyLookUps } from '../bulk/look-ups.ts'
import type { LineAnswers } from '../bulk/transform.ts'
import { readerOfDomains } from '../security/caller.ts'
import { answersIn } from './form.ts'
import type { FromThread, JobSetup, ToThread } from './messages.ts'

type Job = { readonly setup: JobSetup; readonly lookUps: ManyLookUps; readonly answers: LineAnswers }

const port = parentPort
if (port === null) throw new Error('answer-worker.ts is the start of a worker thread, not of a process')
const post = (message: FromThread) => port.postMessage(message)
const jobs = new Map<number, Job>()

port.on('message', (message: ToThread) => {
  if (message.kind === 'begin') jobs.set(message.job, begun(message.setup))
  else if (message.kind === 'end') jobs.delete(message.job)
  else answer(message.job, message.piece, message.lines)
})
post({ kind: 'ready' })

function begun(setup: JobSetup): Job {
  const lookUps = new ManyLookUps(generationOf(setup), readerOfDomains(setup.domains), setup.nowMs)
  return { setup, lookUps, answers: answersIn(setup.form, lookUps, new DecidedDomains(setup.sources)) }
}

/** What a generation decodes is kept with it: two of the same would keep it twice. */
function generationOf({ generation: { number, columns } }: JobSetup): Generation {
  for (const { setup, lookUps } of jobs.values()) if (setup.generation.number === number) return lookUps.generation
  return new Generation(columns)
}

function answer(number: number, piece: number, { buffer, byteOffset, byteLength }: Uint8Array): void {
  try {
    const job = jobs.get(number)
    if (job === undefined) throw new Error(`no job ${number} was begun in this thread`)
    const { setup, lookUps, answers } = job
    if (Atomics.load(setup.over, 0) === 1) {
      post({ kind: 'answered', piece, answers: new Uint8Array(0), asked: 0 })
      return
    }
    const before = lookUps.asked
    // Posting copies all of the memory that lies under a view: without this with the room that a sink keeps for more. It is copied and
    // not transferred, as what is transferred weighs on the receiver until it collects all of its heap.
    const told = new Uint8Array(answers.answer(Buffer.from(buffer, byteOffset, byteLength)))
    post({ kind: 'answered', piece, answers: told, asked: lookUps.asked - before })
  } catch (error) {
    post({ kind: 'failed', piece, error: toPost(error) })
  }
}
