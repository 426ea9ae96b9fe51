import type { AnnotateSummary, SideCount } from '../enricher/annotate.ts'
import { reasonOf, WhohadError } from '../runtime/errors.ts'
import { statesTable } from './states-table.ts'
import { say } from './terminal.ts'

export type InWords = {
  /** Whether records without a time were given one. */
  readonly hasTime: boolean
  /** Where lines that were left out are kept; undefined where they are not. */
  readonly deadLetters: string | undefined
}

/** What became of the lines, for a person. */
export function inWords(summary: AnnotateSummary, { hasTime, deadLetters }: InWords): string {
  const { records, withoutTime, noData, skipData, rejected, states } = summary
  const lines = [`${counted(records, 'record')} answered.`]
  if (withoutTime > 0 && !hasTime) {
    const words = withoutTime === 1 ? 'carries no time and was' : 'carry no time and were'
    lines.push(`${counted(withoutTime, 'record')} ${words} not answered; give one with --at TIME.`)
  }
  if (noData > 0) lines.push(`${counted(noData, 'NODATA line')}: the interface had no traffic.`)
  if (skipData > 0) lines.push(`${counted(skipData, 'SKIPDATA line')}: AWS lost records there.`)
  for (const [reason, count] of Object.entries(rejected)) {
    lines.push(`${counted(count, OF_A_FILE.test(reason) ? 'damaged part' : 'line')} left out: ${reason}.`)
  }
  if (rejectedLines(summary) > 0) {
    lines.push(deadLetters === undefined ? '--dead-letters FILE keeps them.' : `They are kept in ${deadLetters}.`)
  }
  if (states.length > 0) lines.push(statesTable(states))
  return lines.join('\n')
}

/** What may have cost many lines; the dead letter says which. */
const OF_A_FILE = /-(gzip|zstd|parquet|envelope)$/

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

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
  #others = 0

  /** Whether all that failed did so because something could not be reached. */
  get areOnlyUnreachable(): boolean {
    return this.count > 0 && this.#others === 0
  }

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
    if (error.kind !== 'unreachable') this.#others++
  }
}
