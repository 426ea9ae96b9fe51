import { createHash } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { reasonOf, type WhohadError } from '../../runtime/errors.ts'
import { enricherErrors } from '../errors.ts'
import { isNoFlowLog } from '../flowlogs/read.ts'
import { type ByteOut, fileOut } from '../sinks/byte-out.ts'
import { openSink, SinkRoom } from '../sinks/open-sink.ts'
import type { ObjectHandler } from '../workers/handler.ts'
import { collectingGaps, GapCollector } from './capture-gaps.ts'
import { DeadLetters, keepingLetters, letterFile } from './dead-letters.ts'
import { type BatchInput, type InputIdentity, InputReader } from './inputs.ts'
import { type BatchKnown, type BatchManifest, type BatchRun, manifestPath, writeManifest } from './manifest.ts'
import { type AnnotatorSetup, ObjectAnnotator } from './object-annotator.ts'

export type AnnotateSetup = AnnotatorSetup & { readonly run: BatchRun; readonly known: BatchKnown }

export type AnnotateTask = {
  readonly input: BatchInput
  /** As it was found when the run began. */
  readonly identity: InputIdentity | undefined
  /** Path of the output. */
  readonly output: string
  /** Path of the file of what could not be read, where there is any. */
  readonly deadLetters: string
}

/**
 * Makes one output of one input object, what could not be read of it, and the manifest, in this order: a manifest never
 * describes an output that is not there. An output that is to be replaced loses its manifest first.
 */
export function openHandler(setup: AnnotateSetup): ObjectHandler<AnnotateTask, BatchManifest> {
  const { run, known, nowMs } = setup
  const annotator = new ObjectAnnotator(setup)
  const reader = new InputReader()
  const room = new SinkRoom()
  return {
    async handle({ input, identity, output, deadLetters }, signal) {
      const { name } = input
      await makeRoom(output, deadLetters)
      const hash = createHash('sha256')
      const file = openSink(hashed(await fileOut(output), hash), { form: run.form, name, gzip: run.gzip, room })
      const letters = new DeadLetters(() => letterFile(deadLetters))
      const gaps = new GapCollector()
      const sink = keepingLetters(collectingGaps(file, gaps), name, letters)
      try {
        const counts = await annotator.annotate(name, await reader.open(input, signal), sink, { signal })
        const sunk = await sink.finish()
        await letters.finish()
        const sha256 = hash.digest('hex')
        const begunAt = new Date(nowMs).toISOString()
        const manifest = {
          input: identity ?? { name, bytes: 0 },
          run,
          known,
          begunAt,
          output: { ...sunk, sha256 },
          counts,
          coverage: gaps.all(),
        }
        return await writeManifest(output, manifest)
      } catch (error) {
        await sink.abort()
        await (isNoFlowLog(error) ? keepRefusal(name, error, letters) : letters.abort())
        throw error
      }
    },
  }
}

async function keepRefusal(name: string, error: WhohadError, letters: DeadLetters): Promise<void> {
  letters.refuse(name, error)
  await letters.finish()
}

/** What another attempt left is out of date from here on. */
async function makeRoom(output: string, deadLetters: string): Promise<void> {
  try {
    await mkdir(dirname(output), { recursive: true })
    await rm(manifestPath(output), { force: true })
    await rm(deadLetters, { force: true })
  } catch (cause) {
    throw enricherErrors.outputNotWritten({ path: output, reason: reasonOf(cause) }, cause)
  }
}

const hashed = (out: ByteOut, hash: ReturnType<typeof createHash>): ByteOut => ({
  ...out,
  write(bytes) {
    hash.update(bytes)
    return out.write(bytes)
  },
})
