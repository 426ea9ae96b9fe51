import { resolve } from 'node:path'
import type { AnnotateSummary } from '../enricher/annotate.ts'
import { DeadLetters, keepingLetters, letterFile } from '../enricher/batch/dead-letters.ts'
import { ObjectAnnotator, ObjectCounts } from '../enricher/batch/object-annotator.ts'
import { enricherErrors } from '../enricher/errors.ts'
import { isNoFlowLog } from '../enricher/flowlogs/read.ts'
import { gzipOut, sharedOut, streamOut } from '../enricher/sinks/byte-out.ts'
import { openSink, SinkRoom } from '../enricher/sinks/open-sink.ts'
import { BRIEFLY_APPENDED } from '../enricher/sinks/text-sink.ts'
import { type AnnotateRun, learnFromAll } from './annotate-run.ts'
import { annotatorSetupOf } from './annotate-setup.ts'
import { inWords, NOTHING, rejectedLines, together } from './annotate-words.ts'
import { EXIT } from './exit-codes.ts'
import { say } from './terminal.ts'

/** All inputs one after another onto standard output. Exit code 0, or 5 where something was left out. */
export async function annotateOntoStdout(run: AnnotateRun): Promise<number> {
  const { inputs, reader, options, atMs, failures } = run
  const letters = await lettersOf(run)
  await learnFromAll(run)
  const annotate = printing(run, letters)
  for (const input of inputs) {
    await failures.telling(async () => {
      try {
        await annotate.one(input.name, await reader.open(input))
      } catch (error) {
        if (isNoFlowLog(error)) letters?.refuse(input.name, error)
        throw error
      }
    })
  }
  const summary = await annotate.end()
  await letters?.finish()
  say(inWords(summary, { hasTime: atMs !== undefined, deadLetters: options.deadLetters }))
  return failures.count + rejectedLines(summary) > 0 ? EXIT.partial : EXIT.done
}

/** The file is there from the beginning, for it was asked for by name; with none it stays empty. */
async function lettersOf({ inputs, options }: AnnotateRun): Promise<DeadLetters | undefined> {
  const { deadLetters: path } = options
  if (path === undefined) return undefined
  const over = inputs.find(({ from }) => 'path' in from && resolve(from.path) === resolve(path))
  if (over) throw enricherErrors.outputNameTaken({ path, input: over.name, other: 'that is an input' })
  const file = await letterFile(path)
  return new DeadLetters(async () => file, { isKeptEmpty: true })
}

type Printing = {
  one(name: string, bytes: AsyncIterable<Uint8Array>): Promise<void>
  end(): Promise<AnnotateSummary>
}

/** Lines as a person or a pipe reads them, text with four columns more, or JSON; or one table of all inputs. */
function printing(run: AnnotateRun, letters: DeadLetters | undefined): Printing {
  const { as: form, gzip } = run.options
  const annotator = new ObjectAnnotator(annotatorSetupOf(run))
  const isTable = form === 'csv' || form === 'parquet'
  const stream = streamOut(process.stdout)
  const table = isTable ? openSink(stream, { form, name: 'flow logs', gzip, isPrompt: true }) : undefined
  const out = gzip && !isTable ? gzipOut(stream) : stream
  const room = new SinkRoom()
  let summary = NOTHING
  return {
    async one(name, bytes) {
      const sink = table ?? openSink(sharedOut(out), { form, name, room, appended: BRIEFLY_APPENDED, isPrompt: true })
      const counts = new ObjectCounts()
      try {
        await annotator.annotate(name, bytes, letters ? keepingLetters(sink, name, letters) : sink, { counts })
      } finally {
        summary = together(summary, counts.summary())
        if (!table) await sink.finish()
      }
    },
    async end() {
      await (table ?? out).finish()
      return summary
    },
  }
}
