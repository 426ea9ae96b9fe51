import type { Window } from '../ownership/window.ts'
import type { StoredGap } from '../store/port.ts'
import type { LookUps } from './attribute.ts'
import type { SkippedLine } from './flowlogs/parse.ts'

/** A line that stands for records that are not there, as the store keeps it. */
export function gapOf(
  line: SkippedLine,
  columns: readonly string[],
  lookUps: Pick<LookUps, 'interfaceDuring' | 'domainsOf'>,
): Omit<StoredGap, 'objectId' | 'generation'> {
  const { account, interfaceId, resourceId, startSeconds, endSeconds } = line
  const fromMs = startSeconds === undefined ? null : startSeconds * 1000
  const untilMs = endSeconds === undefined ? null : (endSeconds + 1) * 1000
  const at = (name: string) => textOf(line.tokens[columns.indexOf(name)])
  const place = { account, vpc: at('vpc-id'), region: at('region') }
  const domainsDuring = (window: Window) =>
    lookUps.domainsOf(
      place,
      interfaceId === undefined ? undefined : lookUps.interfaceDuring(interfaceId, window),
      window,
    )
  const isSpan = fromMs !== null && untilMs !== null && fromMs < untilMs
  return {
    record: line.line,
    status: line.status,
    account: account ?? '',
    recorder: interfaceId ?? resourceId ?? '',
    domains: isSpan ? domainsDuring({ fromMs, untilMs }) : [],
    fromMs,
    untilMs,
  }
}

const textOf = (token: string | undefined): string | undefined => (token === '-' || token === '' ? undefined : token)
