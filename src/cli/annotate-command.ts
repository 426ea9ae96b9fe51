import { parseTime } from '../api/time.ts'
import { type BatchInput, InputReader } from '../enricher/batch/inputs.ts'
import { deadLettersIn, refuseFolderAmongInputs } from '../enricher/batch/outputs.ts'
import type { Window } from '../ownership/window.ts'
import { systemClock } from '../runtime/clock.ts'
import { annotateIntoFolder } from './annotate-batch.ts'
import { claimsOf } from './annotate-claims.ts'
import { inputsOf } from './annotate-inputs.ts'
import type { AnnotateOptions } from './annotate-run.ts'
import { annotateOntoStdout } from './annotate-stdout.ts'
import { Failures } from './annotate-words.ts'
import { withDomainRules } from './domain-rules.ts'
import { cliErrors } from './errors.ts'
import { EXIT } from './exit-codes.ts'
import type { Settings } from './settings.ts'
import { isTerminal } from './terminal.ts'

/**
 * Annotates flow logs ("-" is standard input; folders, patterns and s3:// prefixes are taken apart) onto stdout or into a
 * folder, and says on stderr what became of them. What cannot be read is told of, and the others go on. Exit code 0, 5 where
 * something was left out, 4 where no input could be reached, or 1 where it was stopped.
 */
export async function annotate(
  names: readonly string[],
  configured: Settings,
  options: AnnotateOptions,
): Promise<number> {
  const settings = withDomainRules(configured, options.domainRules)
  const nowMs = systemClock.now()
  const atMs = options.at === undefined ? undefined : parseTime(options.at, nowMs)
  const window = windowOf(options, nowMs)
  const isIntoFolder = options.out !== '-'
  if (!isIntoFolder && options.as === 'parquet' && isTerminal()) {
    throw cliErrors.usage({ message: 'Parquet is nothing to read on a terminal: give --out, or send it into a file.' })
  }
  if (isIntoFolder && options.deadLetters !== undefined) {
    const kept = deadLettersIn(options.out)
    throw cliErrors.usage({ message: `--dead-letters is for standard output; with --out they are kept in ${kept}.` })
  }
  if (isIntoFolder) await refuseFolderAmongInputs(options.out, names)
  const claims = await claimsOf(settings, options.claims, options)
  const reader = new InputReader()
  const failures = new Failures()
  try {
    const inputs: BatchInput[] = []
    for (const name of new Set(names)) {
      const parts = { settings, flags: options, reader }
      inputs.push(...((await failures.telling(async () => inputsOf(name, window, parts))) ?? []))
    }
    if (inputs.length === 0 && failures.areOnlyUnreachable) return EXIT.unreachable
    const slackMs = options.slackSeconds * 1000
    const run = { names, inputs, reader, claims, settings, options, nowMs, atMs, slackMs, failures }
    if (options.isIntoStore) {
      const { annotateIntoStore } = await import('./annotate-store.ts')
      return await annotateIntoStore(run, options.threadPoolSize ?? 4)
    }
    return await (isIntoFolder ? annotateIntoFolder(run) : annotateOntoStdout(run))
  } finally {
    reader.close()
  }
}

/** Of the ends of records; open where nothing is given. */
function windowOf({ from, to }: AnnotateOptions, nowMs: number): Window {
  const fromMs = from === undefined ? Number.NEGATIVE_INFINITY : parseTime(from, nowMs)
  const untilMs = to === undefined ? Number.POSITIVE_INFINITY : parseTime(to, nowMs)
  if (fromMs < untilMs) return { fromMs, untilMs }
  throw cliErrors.usage({ message: `--from (${from}) must be before --to (${to}).` })
}
