import type { Question } from '../../src/ownership/answer.ts'
import type { Change, Claim, SourceRecord } from '../../src/ownership/claim.ts'
import type { Bounds, Millis } from '../../src/ownership/window.ts'

/** A heap of changes as lines to be read: what a failing property prints. */
export const storyOf = (changes: readonly Change[]): string => changes.map(changeInWords).join('\n')

export const questionInWords = ({ ip, domain, port, fromMs, untilMs, nowMs }: Question): string =>
  `${ip}${port === undefined ? '' : ` port ${port}`} in ${domain} during [${fromMs}, ${untilMs}), asked at ${nowMs}`

function changeInWords(change: Change): string {
  switch (change.record) {
    case 'claim':
      return claimInWords(change)
    case 'source':
      return sourceInWords(change)
    case 'progress':
      return change.refused
        ? `poll of ${change.source} refused`
        : `poll of ${change.source} [${change.completeUpToMs}, ${change.overAtMs}]`
    case 'horizon':
      return `horizon of ${change.domain} ${change.beforeMs}`
  }
}

const instant = (atMs: Millis): string => (Number.isFinite(atMs) ? String(atMs) : atMs < 0 ? '−∞' : '∞')
const window = ({ earliestMs, latestMs }: Bounds): string => `[${instant(earliestMs)}, ${instant(latestMs)}]`

function claimInWords(claim: Claim): string {
  const { id, revision, source, domain, prefix, layer, ports, lifetimeId, expects } = claim
  const owners = claim.owners.map(({ application, resourceId }) => `${application}/${resourceId}`).join(' or ')
  return [
    `claim ${id} r${revision.epoch}.${revision.sequence} of ${source}: ${owners} on ${prefix} in ${domain}, ${layer}`,
    `start ${window(claim.start)} end ${window(claim.end)} ${claim.state} ${claim.evidence} seen ${claim.lastSightingMs}`,
    ...(ports ? [`ports ${ports.first}-${ports.last}`] : []),
    ...(lifetimeId ? [lifetimeId] : []),
    ...(expects.length > 0 ? [`expects ${expects.join(' ')}`] : []),
    ...(claim.whole ? ['whole'] : []),
  ].join(', ')
}

function sourceInWords({ source, revision, validity, bounds, scope }: SourceRecord): string {
  const watched = scope.map(part => `${part.prefix} in ${part.domain} from ${part.fromMs} (${part.layers.join(' ')})`)
  return [
    `source ${source} r${revision.epoch}.${revision.sequence} in [${validity.fromMs}, ${instant(validity.untilMs)})`,
    `gap ${bounds.longestGapMs} briefest ${bounds.briefestHoldingMs}`,
    ...watched,
  ].join(', ')
}
