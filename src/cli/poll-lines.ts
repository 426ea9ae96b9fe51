import { toWire } from '../changestream/wire.ts'
import { type Change, type Claim, isGoodbye } from '../ownership/claim.ts'
import type { SourceState } from '../ownership/snapshot-diff.ts'
import { ChangeWords } from './change-words.ts'
import { colors } from './colors.ts'
import { printable } from './printable.ts'
import { isTerminal, print } from './terminal.ts'

/**
 * Prints what a poll changes beside `before`: a line for each claim, for people with a sign before it (`+` opened, `-` on its
 * way out or closed, `~` anything else), elsewhere NDJSON with every field as the Avro schemas have it.
 */
export function printDiff(before: SourceState, changes: readonly Change[], json: boolean): void {
  if (!isTerminal() || json) {
    for (const change of changes) if (!isFarewell(change)) print(JSON.stringify(toWire(change)))
    return
  }
  const words = new ChangeWords()
  for (const claim of before.claims.values()) words.of(claim, undefined)
  for (const change of changes) {
    if (change.record === 'claim') print(lineOf(change, before.claims.get(change.id), words.of(change, undefined)))
  }
}

const isFarewell = (change: Change): boolean => change.record === 'progress' && isGoodbye(change)

function lineOf(claim: Claim, before: Claim | undefined, happened: string): string {
  const { domain, prefix, ports, layer } = claim
  const place = `${prefix}${ports ? ` ports ${ports.first}-${ports.last}` : ''} in ${domain}`
  const text = printable(`${place.padEnd(34)} ${layer.padEnd(9)} ${happened}`)
  if (claim.state !== 'open') return colors.red(`- ${text}`)
  return before === undefined ? colors.green(`+ ${text}`) : colors.yellow(`~ ${text}`)
}
