import { readFile, stat } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Millis } from '../../ownership/window.ts'
import type { AnnotateSummary } from '../annotate.ts'
import { fileOut } from '../sinks/byte-out.ts'
import type { SinkForm, Sunk } from '../sinks/port.ts'
import type { CaptureGaps } from './capture-gaps.ts'
import type { InputIdentity } from './inputs.ts'

/** Raised whenever a manifest changes its meaning: outputs of another format are made again. */
const FORMAT = 2

/** All that an output depends on, beside its input. */
export type BatchRun = {
  readonly whohad: string
  /** A bundle is known by the SHA-256 of its bundle.json; a change stream by its place, for it only grows. */
  readonly claims: { readonly bundle: string } | { readonly changes: string }
  readonly form: SinkForm
  readonly gzip: boolean
  readonly slackMs: Millis
  readonly atMs: Millis | null
  readonly format: string | null
  /** SHA-256 of the rules and reaches of domains. */
  readonly domains: string
}

/** What was known when the run began, for people. */
export type BatchKnown = {
  readonly claims: number
  /** Up to when every live source vouched, ISO 8601; null where one had not finished a poll, or there was none. */
  readonly toldUntil: string | null
}

/** What stands beside an output once that is whole. */
export type BatchManifest = {
  readonly format: number
  readonly input: InputIdentity
  readonly run: BatchRun
  readonly known: BatchKnown
  /** When the run began, ISO 8601. */
  readonly begunAt: string
  readonly output: Sunk & { readonly sha256: string }
  readonly counts: AnnotateSummary
  /** Where the log itself has no records, as its NODATA and SKIPDATA lines say. */
  readonly coverage: CaptureGaps
}

export const manifestPath = (output: string): string => `${output}.manifest.json`

/** Written whole or not at all. @throws WHOHAD_OUTPUT_NOT_WRITTEN */
export async function writeManifest(output: string, manifest: Omit<BatchManifest, 'format'>): Promise<BatchManifest> {
  const whole = { format: FORMAT, ...manifest }
  const out = await fileOut(manifestPath(output))
  try {
    await out.write(Buffer.from(`${JSON.stringify(whole, undefined, 2)}\n`))
    await out.finish()
  } catch (error) {
    await out.abort()
    throw error
  }
  return whole
}

/** The manifest of an output that the same run made of the same input, and that is still there; else undefined. */
export async function finished(
  output: string,
  input: InputIdentity | undefined,
  run: BatchRun,
): Promise<BatchManifest | undefined> {
  if (input === undefined) return undefined
  const manifest = await readManifest(output)
  if (manifest === undefined) return undefined
  const isSame = isDeepStrictEqual([manifest.input, manifest.run], [input, run])
  const found = isSame ? await stat(output).catch(() => undefined) : undefined
  return found?.size === manifest.output.bytes ? manifest : undefined
}

/** Whatever cannot be read as one of ours is none: the output is made again. */
async function readManifest(output: string): Promise<BatchManifest | undefined> {
  try {
    const manifest = JSON.parse(await readFile(manifestPath(output), 'utf8')) as BatchManifest | null
    return manifest?.format === FORMAT ? manifest : undefined
  } catch {
    return undefined
  }
}
