import { rangesClient } from '../pollers/aws-ranges/client.ts'
import { type Ec2Probe, probeEc2 } from '../pollers/ec2/probe.ts'
import { NO_EC2_REPORT } from '../pollers/ec2/report.ts'
import { mendOf, refusalOf } from '../pollers/refusal.ts'
import { titusClient } from '../pollers/titus/client.ts'
import { systemClock } from '../runtime/clock.ts'
import { type ClockDifference, differenceByHeader, narrowed } from '../runtime/clock-difference.ts'
import { type Examination, type Finding, fail, failed, ok, warn } from './doctor-finding.ts'
import { clockFinding } from './doctor-words.ts'
import { regionsOf } from './ec2-settings.ts'
import type { Settings } from './settings.ts'
import { ec2SettingsOf } from './sources.ts'

/** Tried once: whoever asks what is wrong wants to be told of a failure, not to have it tried away. */
const ONCE = { attempts: 1, firstDelayMs: 0, longestDelayMs: 0 } as const

/** What the configured inventories need: credentials, permissions, clocks, and that they answer. */
export const sourceExaminations = (settings: Settings): readonly Examination[] => [
  ...settings.ec2.flatMap(declared => regionsOf(declared).map(region => ec2Examination(declared, region))),
  ...settings.titus.map(titusExamination),
  ...rangesExaminations(settings),
]

function ec2Examination(declared: Settings['ec2'][number], region: string): Examination {
  const source = `ec2/${declared.account}/${region}`
  const about = { check: 'credentials', about: source }
  return {
    ...about,
    async examine(signal) {
      const asked = ec2SettingsOf(declared, region, { clock: systemClock, report: NO_EC2_REPORT })
      let probe: Ec2Probe
      try {
        probe = await probeEc2(asked, signal)
      } catch (error) {
        return [failed(about, error, mendOf(source, refusalOf(error).reason))]
      }
      const ends = probe.expireAtMs === null ? 'without end' : `until ${new Date(probe.expireAtMs).toISOString()}`
      return [
        ok(about, `${probe.who}, ${ends}`),
        ...permissionFindings(source, probe),
        ...(probe.clock
          ? [
              clockFinding(
                `EC2 of ${source}`,
                probe.clock,
                declared.clockErrorSeconds * 1000,
                'ec2[].clockErrorSeconds',
              ),
            ]
          : []),
      ]
    },
  }
}

function permissionFindings(source: string, { actions }: Ec2Probe): readonly Finding[] {
  const about = { check: 'permissions', about: source }
  const failures = actions.flatMap(({ action, failure }) => (failure === null ? [] : [{ action, failure }]))
  if (failures.length === 0) return [ok(about, `may ${actions.map(({ action }) => action).join(', ')}`)]
  const [first] = failures
  // One cause, told once.
  if (first !== undefined && failures.length === actions.length)
    return [failed(about, first.failure, mendOf(source, refusalOf(first.failure).reason))]
  return failures.map(({ action, failure }) => {
    const { reason } = refusalOf(failure)
    const mend = `Allow ec2:${action} to it; docs/aws-account.md has the whole policy.`
    const found = failed(about, failure, reason === 'denied' ? mend : mendOf(source, reason))
    if (action === ONLY_FOR_TRUNKS)
      return warn(about, `ec2:${action}, which only accounts with trunk interfaces need: ${found.detail}`, mend)
    return { ...found, detail: `ec2:${action}: ${found.detail}` }
  })
}

const ONLY_FOR_TRUNKS = 'DescribeTrunkInterfaceAssociations'

/** No task has this name; whoever may list is answered with an empty list. */
const NOBODY = 'whohad-doctor'

function titusExamination({ name, url, clockErrorSeconds }: Settings['titus'][number]): Examination {
  const source = `titus/${name}`
  const about = { check: 'endpoint', about: source }
  return {
    ...about,
    async examine(signal) {
      const clocks: ClockDifference[] = []
      const client = titusClient({ url, clock: systemClock, retries: ONCE, onReply: () => {}, fetch: dated(clocks) })
      try {
        await client.tasksOf([NOBODY], signal)
      } catch (error) {
        if (signal.aborted) throw error
        return [failed(about, error)]
      }
      const clock = narrowed(clocks)
      return [
        ok(about, 'lists tasks as Titus API v3 does'),
        ...(clock
          ? [clockFinding(`Titus of ${source}`, clock, clockErrorSeconds * 1000, 'titus[].clockErrorSeconds')]
          : []),
      ]
    },
  }
}

/** `fetch`, which notes the clock of whoever answers. */
const dated =
  (clocks: ClockDifference[]): typeof fetch =>
  async (...request) => {
    const sentAtMs = systemClock.now()
    const reply = await fetch(...request)
    const difference = differenceByHeader(reply.headers.get('date'), { sentAtMs, receivedAtMs: systemClock.now() })
    if (difference !== undefined) clocks.push(difference)
    return reply
  }

function* rangesExaminations({ awsRanges: { url, name } }: Settings): Generator<Examination> {
  if (url === undefined) return
  const about = { check: 'endpoint', about: `aws-ranges/${name}` }
  yield {
    ...about,
    async examine(signal) {
      const { value } = await rangesClient({ url, clock: systemClock, retries: ONCE })(null, signal)
      const isList = /^\s*\{/.test(value.text ?? '') && (value.text ?? '').includes('"prefixes"')
      if (isList) return [ok(about, `${(value.text ?? '').length} characters of ranges`)]
      return [fail(about, 'what is there is no list of ranges', 'See what answers at awsRanges.url.')]
    },
  }
}
