// The thread of a worker: opens its handler, and handles one object after the other.
import { parentPort, workerData } from 'node:worker_threads'
import { toPost } from '../../runtime/posted-error.ts'
import type { FromWorker, HandlerModule, ToWorker, WorkerSetup } from './handler.ts'

const port = parentPort
if (port === null) throw new Error('object-worker.ts is the start of a worker thread, not of a process')
const post = (message: FromWorker<unknown>) => port.postMessage(message)

const { module, setup } = workerData as WorkerSetup
const { openHandler } = (await import(module)) as HandlerModule<unknown, unknown, unknown>
const handler = await openHandler(setup)
let running: AbortController | undefined

port.on('message', (message: ToWorker<unknown>) => {
  if (message.kind === 'abort') {
    running?.abort()
    return
  }
  running = new AbortController()
  handler.handle(message.task, running.signal).then(
    result => post({ kind: 'done', result }),
    error => post({ kind: 'failed', error: toPost(error) }),
  )
})
post({ kind: 'ready' })
