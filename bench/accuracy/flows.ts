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
  /** The record as the object has it. */
  readonly line: string
  /** As the record says. */
  readonly startMs: Millis
  /** What is asked: [start − slack, end + 1 s). */
  readonly window: Window
  /** When its packets were, in whole seconds. The truth is of this. */
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

type Recording = {
  readonly fromMs: Millis
  readonly minutes: number
  readonly connections: number
  /** As it is declared. */
  readonly slackMs: Millis
  /** By how much, at most, the start and the end of a record are later than its packets. */
  readonly timesLateMs: Millis
}

/**
 * Lets traffic flow for so many minutes. Each minute's records go through the text of a flow log line and the enricher's own
 * parser; they are handed on as soon as the minute is over, for what the delivery of flow logs takes is not measured here.
 */
export function letFlow(
  world: World,
  seed: number,
  { fromMs, minutes, connections, slackMs, timesLateMs }: Recording,
  take: (flows: readonly Flow[]) => void,
): void {
  const traffic = new Traffic(world, seededRandom(seed, 'traffic'))
  const format = parseHeader(FLOW_LOG_HEADER)
  if (format === undefined) throw new Error(`no header: ${FLOW_LOG_HEADER}`)
  const parse = lineParser(format)
  const random = seededRandom(seed, 'times of records')
  const nextMinute = (minute: number) => {
    const startMs = fromMs + minute * MINUTE_MS
    const arrivedMs = startMs + MINUTE_MS + ARRIVES_AFTER_MS
    world.agenda.at(arrivedMs, () => {
      const flows = traffic.minute(startMs, startMs + MINUTE_MS, connections).map((made): Flow => {
        const lateMs = random.integer(0, timesLateMs + 1)
        const text = lineOf({ ...made, firstMs: made.firstMs + lateMs, lastMs: made.lastMs + lateMs })
        const parsed = parse(text, 1)
        if (parsed.kind !== 'flow') throw new Error(`no flow: ${text}`)
        // The text is kept by itself, and there are many of them.
        const record = { ...parsed, tokens: [] }
        const window = windowOf(record, slackMs)
        if (window === undefined) throw new Error(`no times: ${text}`)
        return {
          record,
          line: text,
          startMs: window.fromMs + slackMs,
          window,
          packets: secondsOf(made),
          truth: traffic.truthOf(made),
          vpc: made.eni.subnet.vpc,
          bytes: made.bytes,
          arrivedMs,
        }
      })
      take(flows)
      if (minute + 1 < minutes) nextMinute(minute + 1)
    })
  }
  nextMinute(0)
}

const secondsOf = ({ firstMs, lastMs }: { readonly firstMs: Millis; readonly lastMs: Millis }): Window => ({
  fromMs: Math.floor(firstMs / 1000) * 1000,
  untilMs: Math.floor(lastMs / 1000) * 1000 + 1000,
})

/** The one application that held the end throughout; undefined where there is none, or several share the address. */
export function onlyApplication({ holders, nobody }: EndTruth): string | undefined {
  const [holder, ...others] = holders
  return holder === undefined || others.length > 0 || nobody ? undefined : (holder.application ?? undefined)
}
