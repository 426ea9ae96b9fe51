import { type BatchInput, type InputReader, isStandardInput } from '../enricher/batch/inputs.ts'
import { canFlowsTell, type FirstPass, learnFrom } from '../enricher/sightings/first-pass.ts'
import type { SinkForm } from '../enricher/sinks/port.ts'
import { WhohadError } from '../runtime/errors.ts'
import type { Claims } from './annotate-claims.ts'
import type { BucketFlags } from './annotate-inputs.ts'
import type { Failures } from './annotate-words.ts'
import type { Settings } from './settings.ts'
import { progressBar } from './terminal.ts'

export type AnnotateOptions = BucketFlags & {
  readonly as: SinkForm
  readonly gzip: boolean
  /** A folder, or "-" for standard output. */
  readonly out: string
  /** Folder or URL of an ownership bundle. */
  readonly claims?: string | undefined
  /** Rules of routing domains, or the file that has them. */
  readonly domainRules?: string | undefined
  /** Where what could not be read is kept, with standard output. */
  readonly deadLetters?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly at?: string | undefined
  readonly format?: string | undefined
  readonly slackSeconds: number
  /** Inputs at a time. */
  readonly jobs: number
  /** Also what is finished. */
  readonly again: boolean
  /** What the inputs show of interfaces counts: the sources' briefest holding is true of every application name. */
  readonly sightings: boolean
  /** Into the configured store; `as`, `out` and `gzip` mean nothing then. */
  readonly isIntoStore?: boolean | undefined
  /** UV_THREADPOOL_SIZE, for the embedded engine. */
  readonly threadPoolSize?: number | undefined
  readonly untilStopped: () => AbortSignal
}

/** A run of annotate, ready to begin. */
export type AnnotateRun = {
  /** The inputs as they were named. */
  readonly names: readonly string[]
  readonly inputs: readonly BatchInput[]
  readonly reader: InputReader
  readonly claims: Claims
  readonly settings: Settings
  readonly options: AnnotateOptions
  readonly nowMs: number
  readonly atMs: number | undefined
  readonly slackMs: number
  readonly failures: Failures
}

/** Standard input can be read but once. What is wrong with an input is told when it is annotated. */
export async function learnFromAll({ inputs, reader, claims, slackMs, options }: AnnotateRun): Promise<void> {
  const { index } = claims
  if (!options.sightings || !canFlowsTell(index)) return
  const pass: FirstPass = { index, slackMs, format: options.format }
  const bar = progressBar('Reading')
  for (const [done, input] of inputs.entries()) {
    bar.show(done, inputs.length, `${done} of ${inputs.length} objects, for what they show of interfaces`)
    if (isStandardInput(input)) continue
    const bytes = await reader.open(input).catch(passOver)
    if (bytes) await learnFrom(input.name, bytes, pass).catch(passOver)
  }
  bar.end()
  index.compact()
}

function passOver(error: unknown): undefined {
  if (!(error instanceof WhohadError)) throw error
  return undefined
}
