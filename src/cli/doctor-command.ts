import type { Readiness } from '../api/readyz-route.ts'
import { systemClock } from '../runtime/clock.ts'
import { WhohadError } from '../runtime/errors.ts'
import { type Evidence, examine } from './doctor-checks.ts'
import { type Examination, examineAll, type Finding, warn } from './doctor-finding.ts'
import { flowLogExaminations } from './doctor-flow-logs.ts'
import { hostExaminations } from './doctor-host.ts'
import { withoutSecrets } from './doctor-secrets.ts'
import { embeddedStoreExaminations, serviceExaminations } from './doctor-services.ts'
import { sourceExaminations } from './doctor-sources.ts'
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
  /** Of a running server, which is asked instead of everything that is configured here. */
  readonly url?: string | undefined
  /** Key or token for that server. */
  readonly token?: string | undefined
  readonly json: boolean
  /** For each check; reading the change stream may take ten times as long. */
  readonly timeoutSeconds: number
  readonly signal: AbortSignal
}

/**
 * Looks at everything that may be wrong, side by side, and says how to mend it: a table on a terminal, one JSON object a finding
 * elsewhere. Exit code 0 where nothing failed, 4 where something could not be reached, 1 where something else is wrong, 5 where it
 * was called off.
 */
export async function doctor(settings: Settings, options: DoctorOptions): Promise<number> {
  const { url, token, json, signal } = options
  const found = url === undefined ? await examineHere(settings, options) : examine(await askServer(url, token))
  const findings = found.map(withoutSecrets(settings))
  if (isTerminal() && !json) {
    print(tableOf(findings))
    for (const { about, mend } of findings) if (mend !== null) say(`${about}: ${mend}`)
  } else for (const finding of findings) print(JSON.stringify(finding))
  if (signal.aborted) return EXIT.partial
  const failures = findings.filter(({ status }) => status === 'fail')
  if (failures.length === 0) return EXIT.done
  return failures.some(({ unreachable }) => unreachable) ? EXIT.unreachable : EXIT.failure
}

const STREAM_TIMES = 10

async function examineHere(settings: Settings, { timeoutSeconds, signal }: DoctorOptions): Promise<readonly Finding[]> {
  const limitMs = timeoutSeconds * 1000
  const quick = [
    ...hostExaminations(settings),
    ...sourceExaminations(settings),
    ...flowLogExaminations(settings),
    ...serviceExaminations(settings, limitMs),
  ]
  const [found, evidence] = await Promise.all([
    examineAll(quick, limitMs, signal),
    examineAll([streamExamination(settings)], STREAM_TIMES * limitMs, signal),
  ])
  const embedded = await examineAll([...embeddedStoreExaminations(settings)], limitMs, signal)
  return [...found, ...embedded, ...evidence]
}

/** What the change stream tells of the sources. */
function streamExamination(settings: Settings): Examination {
  const about = {
    check: 'change stream',
    about: settings.kafka.brokers.length > 0 ? settings.kafka.topic : settings.data.path,
  }
  return {
    ...about,
    async examine(signal) {
      try {
        return examine(await readEvidence(settings, signal))
      } catch (error) {
        if (!(error instanceof WhohadError) || !EMPTY.has(error.code)) throw error
        return [
          warn(about, 'nothing is in it yet', 'Start "whohad up".'),
          ...examine({ nowMs: systemClock.now(), sources: [], configured: configuredSources(settings) }),
        ]
      }
    },
  }
}

const EMPTY: ReadonlySet<string> = new Set([cliErrors.nothingKnown.code, 'WHOHAD_KAFKA_TOPIC_MISSING'])

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

const MARKS: Readonly<Record<Finding['status'], string>> = { ok: 'ok', warn: 'warn', fail: 'FAIL' }

function tableOf(findings: readonly Finding[]): string {
  const table = tableFor(process.stdout, ['', 'check', 'of', 'found'])
  for (const { status, check, about, detail } of findings) table.push([MARKS[status], check, about, detail])
  return table.toString()
}
