import { resolve } from 'node:path'
import { type Annotated, createAnnotator } from '../enricher/annotate.ts'
import { textHeader, toJson, toText } from '../enricher/annotation-text.ts'
import { DeadLetters, keepingLetters, letterFile } from '../enricher/batch/dead-letters.ts'
import { ObjectAnnotator } from '../enricher/batch/object-annotator.ts'
import { enricherErrors } from '../enricher/errors.ts'
import { isNoFlowLog } from '../enricher/flowlogs/read.ts'
import { lookUpsOn } from '../enricher/look-ups.ts'
import { type ByteOut, gzipOut, streamOut } from '../enricher/sinks/byte-out.ts'
import { openSink } from '../enricher/sinks/open-sink.ts'
import type { SinkForm } from '../enricher/sinks/port.ts'
import { type AnnotateRun, learnFromAll } from './annotate-run.ts'
import { annotatorSetupOf } from './annotate-setup.ts'
import { inWords, NOTHING, rejectedLines, together } from './annotate-words.ts'
import { domainRulesOf, reachTableOf } from './domain-settings.ts'
import { EXIT } from './exit-codes.ts'
import { say } from './terminal.ts'

/** All inputs one after another onto standard output. Exit code 0, or 5 where something was left out. */
export async function annotateOntoStdout(run: AnnotateRun): Promise<number> {
  const { inputs, reader, options, atMs, failures } = run
  const letters = await lettersOf(run)
  await learnFromAll(run)
  const annotate = await (options.as === 'text' || options.as === 'ndjson'
    ? printer(run, letters)
    : sinkOnStdout(run, letters))
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

const stdout = (isPacked: boolean): ByteOut =>
  isPacked ? gzipOut(streamOut(process.stdout)) : streamOut(process.stdout)

/** Lines as a person or a pipe reads them: text with four columns more, or JSON. */
function printer({ claims, settings, slackMs, nowMs, atMs, options }: AnnotateRun, letters: DeadLetters | undefined) {
  const { as, gzip, format } = options
  const lookUps = lookUpsOn(claims.index, domainRulesOf(settings), { reach: reachTableOf(settings) })
  const annotator = createAnnotator({ lookUps, slackMs, nowMs, atMs, format })
  const out = stdout(gzip)
  return {
    one: (name: string, bytes: AsyncIterable<Uint8Array>) =>
      printAnnotated(annotator.annotate(name, bytes), { as, out, letters }),
    async end() {
      await out.finish()
      return annotator.summary()
    },
  }
}

/** One table of all inputs. */
function sinkOnStdout(run: AnnotateRun, letters: DeadLetters | undefined) {
  const { as: form, gzip } = run.options
  const annotator = new ObjectAnnotator(annotatorSetupOf(run))
  const sink = openSink(streamOut(process.stdout), { form, name: 'flow logs', gzip })
  let summary = NOTHING
  return {
    async one(name: string, bytes: AsyncIterable<Uint8Array>) {
      const into = letters ? keepingLetters(sink, name, letters) : sink
      summary = together(summary, await annotator.annotate(name, bytes, into))
    },
    async end() {
      await sink.finish()
      return summary
    },
  }
}

const CHUNK_CHARACTERS = 64 * 1024

type Printing = { readonly as: SinkForm; readonly out: ByteOut; readonly letters: DeadLetters | undefined }

async function printAnnotated(lines: AsyncIterable<Annotated>, { as, out, letters }: Printing): Promise<void> {
  let chunk = ''
  let columns: readonly string[] | undefined
  const flush = async () => {
    await letters?.flush()
    if (chunk !== '') await out.write(Buffer.from(chunk))
    chunk = ''
  }
  for await (const line of lines) {
    if (line.kind === 'rejected') letters?.take(line.name, line.rejected)
    const text = as === 'text' ? toText(line) : JSON.stringify(toJson(line))
    if (text === undefined) continue
    if (as === 'text' && columns !== line.columns) {
      columns = line.columns
      chunk += `${textHeader(columns)}\n`
    }
    chunk += `${text}\n`
    if (chunk.length >= CHUNK_CHARACTERS) await flush()
  }
  await flush()
}
