import { windowOf } from '../../src/enricher/attribute.ts'
import { parseHeader } from '../../src/enricher/flowlogs/fields.ts'
import { type FlowRecord, lineParser } from '../../src/enricher/flowlogs/parse.ts'
import { PUBLIC_IPV4 } from '../../src/ownership/domains.ts'
import type { Millis, Window } from '../../src/ownership/window.ts'
import { FLOW_LOG_HEADER, lineOf } from '../../src/simulator/flow-log.ts'
import type { EndTruth, RecordTruth } from '../../src/simulator/ledger.ts'
import { seededRandom } from '../../src/simulator/random.ts'
import { Traffic } from '../../src/simulator/traffic.ts'
import type { World } from '../../src/simulator/world.ts'

export const SIDES = ['source', 'destination'] as const
export type Side = (typeof SIDES)[number]

/** One record of a flow log with what was true of it. */
export type Flow = {
  readonly record: FlowRecord
  /** What is asked: [start − slack, end + 1 s). */
  readonly window: Window
  /** When its packets were: [start, end + 1 s). The truth is of this. */
  readonly packets: Window
  readonly truth: RecordTruth
  readonly vpc: string
  readonly bytes: number
  /** It can be read from here on: two seconds after its minute. */
  readonly arrivedMs: Millis
}

/** The space in which the simulated cloud means an address: public IPv4 is everybody's, all else is the VPC's. */
export const spaceOf = ({ record, vpc }: Flow, side: Side): string => {
  const { ip } = record[side]
  return ip.startsWith('10.') || ip.includes(':') ? vpc : PUBLIC_IPV4
}

const MINUTE_MS = 60_000
const ARRIVES_AFTER_MS = 2_000

/**
 * Lets traffic flow for so many minutes. Each minute's records go through the text of a flow log line and the enricher's own
 * parser; they are handed on as soon as the minute is over, for what the delivery of flow logs takes is not measured here.
 */
export function letFlow(
  world: World,
  seed: number,
  { fromMs, minutes, connections, slackMs }: { fromMs: Millis; minutes: number; connections: number; slackMs: Millis },
  take: (flow: Flow) => void,
): void {
  const traffic = new Traffic(world, seededRandom(seed, 'traffic'))
  const format = parseHeader(FLOW_LOG_HEADER)
  if (format === undefined) throw new Error(`no header: ${FLOW_LOG_HEADER}`)
  const parse = lineParser(format)
  const nextMinute = (minute: number) => {
    const startMs = fromMs + minute * MINUTE_MS
    const arrivedMs = startMs + MINUTE_MS + ARRIVES_AFTER_MS
    world.agenda.at(arrivedMs, () => {
      for (const made of traffic.minute(startMs, startMs + MINUTE_MS, connections)) {
        const line = parse(lineOf(made), 1)
        if (line.kind !== 'flow') throw new Error(`no flow: ${lineOf(made)}`)
        // The text is not asked for again, and there are many of them.
        const record = { ...line, tokens: [] }
        const window = windowOf(record, slackMs)
        const packets = windowOf(record, 0)
        if (window === undefined || packets === undefined) throw new Error(`no times: ${lineOf(made)}`)
        take({
          record,
          window,
          packets,
          truth: traffic.truthOf(made),
          vpc: made.eni.subnet.vpc,
          bytes: made.bytes,
          arrivedMs,
        })
      }
      if (minute + 1 < minutes) nextMinute(minute + 1)
    })
  }
  nextMinute(0)
}

/** The one application that held the end throughout; undefined where there is none, or several share the address. */
export function onlyApplication({ holders, nobody }: EndTruth): string | undefined {
  const [holder, ...others] = holders
  return holder === undefined || others.length > 0 || nobody ? undefined : (holder.application ?? undefined)
}
