import type { Readiness } from '../api/readyz-route.ts'
import { systemClock } from '../runtime/clock.ts'
import { type Evidence, examine, type Finding } from './doctor-checks.ts'
import { cliErrors } from './errors.ts'
import { EXIT } from './exit-codes.ts'
import { getJson } from './get-json.ts'
import { configuredSources } from './one-shot.ts'
import { readSourceLives } from './read-source-lives.ts'
import type { Settings } from './settings.ts'
import { healthOf } from './source-health.ts'
import { tableFor } from './table.ts'
import { isTerminal, print, say } from './terminal.ts'

export type DoctorOptions = {
  /** Of a running server; the change stream itself is read where it is left out. */
  readonly url?: string | undefined
  /** Key or token for that server. */
  readonly token?: string | undefined
  readonly json: boolean
  readonly signal: AbortSignal
}

/**
 * Looks at everything that may be wrong with the sources, and says how to mend it: a table on a terminal, one JSON object a
 * finding elsewhere. Exit code 0 where nothing is wrong, 1 where something is, 5 where it was called off.
 */
export async function doctor(settings: Settings, { url, token, json, signal }: DoctorOptions): Promise<number> {
  const findings = examine(url === undefined ? await readEvidence(settings, signal) : await askServer(url, token))
  if (isTerminal() && !json) {
    print(tableOf(findings))
    for (const { about, mend } of findings) if (mend !== null) say(`${about}: ${mend}`)
  } else for (const finding of findings) print(JSON.stringify(finding))
  if (findings.length === 0) say('No source is known, and none is configured.')
  if (signal.aborted) return EXIT.partial
  return findings.some(({ status }) => status === 'wrong') ? EXIT.failure : EXIT.done
}

async function readEvidence(settings: Settings, signal: AbortSignal): Promise<Evidence> {
  const lives = await readSourceLives(settings, signal)
  const nowMs = systemClock.now()
  const sources = lives.all().flatMap(life => {
    const { record: source, complete, refused = null } = life
    return source ? [{ ...healthOf({ source, completeUpToMs: complete?.completeUpToMs, refused }, nowMs), life }] : []
  })
  return { nowMs, sources, configured: configuredSources(settings) }
}

async function askServer(url: string, token: string | undefined): Promise<Evidence> {
  const { body, status, statusText } = await getJson(url, '/readyz', token)
  const nowMs = systemClock.now()
  if (!isReadiness(body))
    throw cliErrors.serverRefused({ url, detail: `${status} ${statusText}, and nothing that whohad would say` })
  return { nowMs, sources: body.sources, readiness: body }
}

const isReadiness = (body: unknown): body is Readiness =>
  typeof body === 'object' && body !== null && 'sources' in body && 'checks' in body && 'now' in body

const MARKS: Readonly<Record<Finding['status'], string>> = { ok: 'ok', warning: 'mind', wrong: 'WRONG' }

function tableOf(findings: readonly Finding[]): string {
  const table = tableFor(process.stdout, ['', 'check', 'of', 'found'])
  for (const { status, check, about, detail } of findings) table.push([MARKS[status], check, about, detail])
  return table.toString()
}
