import { parseTime } from '../api/time.ts'
import { type Annotated, type AnnotateSummary, createAnnotator } from '../enricher/annotate.ts'
import { textHeader, toJson, toText } from '../enricher/annotation-text.ts'
import { flowFiles, openFlowFile } from '../enricher/flowlogs/files.ts'
import { lookUpsOn } from '../enricher/look-ups.ts'
import { canFlowsTell, type FirstPass, learnFrom } from '../enricher/sightings/first-pass.ts'
import { systemClock } from '../runtime/clock.ts'
import { reasonOf, WhohadError } from '../runtime/errors.ts'
import { replayed } from './ask-command.ts'
import { domainRulesOf, reachTableOf } from './domain-settings.ts'
import { EXIT } from './exit-codes.ts'
import type { Settings } from './settings.ts'
import { statesTable } from './states-table.ts'
import { printSlowly, say } from './terminal.ts'

export type AnnotateOptions = {
  readonly as: 'ndjson' | 'text'
  readonly at?: string | undefined
  readonly format?: string | undefined
  readonly slackSeconds: number
}

/**
 * Annotates flow log files ("-" is standard input; folders and patterns are taken apart) onto stdout, and says on stderr what became of them. A file that cannot be
 * read is told of, and the others go on. Exit code 0, or 5 where something was left out.
 */
export async function annotate(
  files: readonly string[],
  settings: Settings,
  options: AnnotateOptions,
): Promise<number> {
  const nowMs = systemClock.now()
  const atMs = options.at === undefined ? undefined : parseTime(options.at, nowMs)
  const index = await replayed(settings)
  const slackMs = options.slackSeconds * 1000
  await learnFromAll(files, { index, slackMs, format: options.format })
  const annotator = createAnnotator({
    lookUps: lookUpsOn(index, domainRulesOf(settings), { reach: reachTableOf(settings) }),
    slackMs,
    nowMs,
    atMs,
    format: options.format,
  })
  let failed = 0
  const tellingOfFailure = async (work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      // A mistake on the command line is no fault of this file, and would be met again in the next.
      if (!(error instanceof WhohadError) || error.kind === 'usage') throw error
      say(`${error.code}: ${reasonOf(error)}`)
      failed++
    }
  }
  for (const argument of files) {
    await tellingOfFailure(async () => {
      for (const file of await flowFiles(argument))
        await tellingOfFailure(async () =>
          printAnnotated(annotator.annotate(file, await openFlowFile(file)), options.as),
        )
    })
  }
  const summary = annotator.summary()
  say(inWords(summary, atMs === undefined))
  const rejected = Object.values(summary.rejected).reduce((sum, count) => sum + count, 0)
  return failed + rejected > 0 ? EXIT.partial : EXIT.done
}

/** Standard input can be read but once. What is wrong with a file is told when it is annotated. */
async function learnFromAll(files: readonly string[], pass: FirstPass): Promise<void> {
  if (!canFlowsTell(pass.index)) return
  for (const argument of files.filter(name => name !== '-')) {
    const found = await flowFiles(argument).catch(passOver)
    for (const file of found ?? []) {
      const bytes = await openFlowFile(file).catch(passOver)
      if (bytes) await learnFrom(file, bytes, pass).catch(passOver)
    }
  }
  pass.index.compact()
}

function passOver(error: unknown): undefined {
  if (!(error instanceof WhohadError)) throw error
  return undefined
}

const CHUNK_CHARACTERS = 64 * 1024

async function printAnnotated(lines: AsyncIterable<Annotated>, as: AnnotateOptions['as']): Promise<void> {
  let chunk = ''
  let columns: readonly string[] | undefined
  for await (const line of lines) {
    if (as === 'text' && columns !== line.columns) {
      columns = line.columns
      chunk += `${textHeader(columns)}\n`
    }
    const text = as === 'text' ? toText(line) : JSON.stringify(toJson(line))
    if (text !== undefined) chunk += `${text}\n`
    if (chunk.length < CHUNK_CHARACTERS) continue
    await printSlowly(chunk)
    chunk = ''
  }
  if (chunk !== '') await printSlowly(chunk)
}

function inWords(summary: AnnotateSummary, withoutGivenTime: boolean): string {
  const { records, withoutTime, noData, skipData, rejected, states } = summary
  const lines = [`${records} records answered.`]
  if (withoutTime > 0 && withoutGivenTime) {
    lines.push(`${withoutTime} records carry no time and were not answered; give one with --at TIME.`)
  }
  if (noData > 0) lines.push(`${noData} NODATA lines: the interface had no traffic.`)
  if (skipData > 0) lines.push(`${skipData} SKIPDATA lines: AWS lost records there.`)
  for (const [reason, count] of Object.entries(rejected)) lines.push(`${count} lines left out: ${reason}.`)
  if (states.length > 0) lines.push(statesTable(states))
  return lines.join('\n')
}
