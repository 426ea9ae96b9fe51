import { createEnricher, type EnricherSettings } from '../../src/enricher/live.ts'
import { furthestProgressMs } from '../../src/enricher/look-ups.ts'
import { followingView } from '../../src/enricher/view.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { AttributedFlow, FlowEnd } from '../../src/store/port.ts'
import { ms, NOW_MS, type Story } from './claimed-events.ts'
import { memoryBucket, memoryLog, memoryStore, reportInto } from './enricher-bench.ts'

/** Two interfaces with an address each: 10.0.0.5 on eni-1, and 10.0.0.6 on eni-2. */
export const INTERFACES: readonly Story[] = [
  { events: '+E1@0', prefix: '10.0.0.5', layer: 'interface', owner: { eni: 'eni-1' } },
  { events: '+E2@0', prefix: '10.0.0.6', layer: 'interface', owner: { eni: 'eni-2' } },
]

export const onFirst = (events: string): Story => ({ events, prefix: '10.0.0.5', owner: { eni: 'eni-1' } })
export const onSecond = (events: string): Story => ({ events, prefix: '10.0.0.6', owner: { eni: 'eni-2' } })

const HEADER = 'interface-id flow-direction srcaddr dstaddr pkt-srcaddr pkt-dstaddr start end'
const ENDS = '10.0.0.5 10.0.0.6 10.0.0.5 10.0.0.6'

/** A flow from the first address to the second one, as its sender's interface recorded it, or its receiver's. */
export const sent = (start: number, end: number): string => `eni-1 egress ${ENDS} ${start} ${end}`
export const received = (start: number, end: number): string => `eni-2 ingress ${ENDS} ${start} ${end}`

export const logOf = (...records: readonly string[]): string => [HEADER, ...records, ''].join('\n')

/** The live enricher over a change stream, a bucket and a store in memory, without slack. */
export function enrichedStories(over: Partial<EnricherSettings> = {}) {
  const log = memoryLog()
  const index = createOwnershipIndex()
  const never = new AbortController().signal
  const view = followingView(index, log, never)
  const happened: [string, unknown][] = []
  const bucket = memoryBucket()
  const store = memoryStore()
  const time = { nowMs: NOW_MS }
  const settings: EnricherSettings = {
    list: bucket.list,
    open: bucket.open,
    view,
    store,
    rules: [],
    slackMs: 0,
    clock: {
      now: () => time.nowMs,
      sleep: async sleptMs => {
        time.nowMs += sleptMs
      },
    },
    report: reportInto(happened),
    furthestProgressMs: () => furthestProgressMs(index),
    holdCapMs: ms(600),
    ...over,
  }
  return {
    settings,
    enricher: createEnricher(settings),
    index,
    view,
    bucket,
    store,
    time,
    names: () => happened.map(([name]) => name),
    rows: () => [...store.rows.values()],
    async publish(changes: readonly Change[]) {
      await log.append(changes)
      for await (const batch of log.read({ from: view.position(), follow: false, signal: never })) {
        await view.apply(batch)
      }
    },
  }
}

/** Both ends of a row in a few words: `A -> ambiguous spans-handoff i-P|i-Q`. */
export const inBrief = ({ source, destination }: Pick<AttributedFlow, 'source' | 'destination'>): string =>
  `${endInBrief(source)} -> ${endInBrief(destination)}`

const endInBrief = ({ state, reason, application, candidates }: FlowEnd): string =>
  state === 'owned' ? application : [state, reason, candidates.join('|')].join(' ').trim()
