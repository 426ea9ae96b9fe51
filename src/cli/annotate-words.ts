import type { AnnotateSummary, SideCount } from '../enricher/annotate.ts'
import { reasonOf, WhohadError } from '../runtime/errors.ts'
import { statesTable } from './states-table.ts'
import { say } from './terminal.ts'

/** What became of the lines, for a person. */
export function inWords(summary: AnnotateSummary, withoutGivenTime: boolean): string {
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

export const rejectedLines = ({ rejected }: AnnotateSummary): number =>
  Object.values(rejected).reduce((sum, count) => sum + count, 0)

export const NOTHING: AnnotateSummary = { records: 0, withoutTime: 0, noData: 0, skipData: 0, rejected: {}, states: [] }

/** The counts of two runs, or objects, together. */
export function together(a: AnnotateSummary, b: AnnotateSummary): AnnotateSummary {
  const rejected = { ...a.rejected }
  for (const [reason, count] of Object.entries(b.rejected) as [keyof typeof rejected, number][]) {
    rejected[reason] = (rejected[reason] ?? 0) + count
  }
  const states = new Map<string, SideCount>()
  for (const count of [...a.states, ...b.states]) {
    const name = `${count.side} ${count.state} ${count.reason}`
    const { flows = 0, bytes = 0 } = states.get(name) ?? {}
    states.set(name, { ...count, flows: flows + count.flows, bytes: bytes + count.bytes })
  }
  return {
    records: a.records + b.records,
    withoutTime: a.withoutTime + b.withoutTime,
    noData: a.noData + b.noData,
    skipData: a.skipData + b.skipData,
    rejected,
    states: [...states.values()],
  }
}

/** Tells of what fails, so that the rest goes on. */
export class Failures {
  count = 0

  async telling<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      this.tell(error)
      return undefined
    }
  }

  /** A mistake on the command line is no fault of this object, and would be met again in the next: it is thrown. */
  tell(error: unknown): void {
    if (!(error instanceof WhohadError) || error.kind === 'usage') throw error
    say(`${error.code}: ${reasonOf(error)}`)
    this.count++
  }
}
