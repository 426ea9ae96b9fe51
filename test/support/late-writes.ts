import type { Change, Claim } from '../../src/ownership/claim.ts'
import { ownerOf } from './changes.ts'

/**
 * The story with a paused predecessor of each source, who goes on writing before and after each poll of the second epoch: none
 * of it counts, and whoever forgets an epoch at a restart lets it in.
 */
export function withLateWrites(story: readonly (readonly Change[])[]): readonly (readonly Change[])[] {
  const taken = new Set<string>()
  return story.map((changes, poll) => {
    for (const change of changes) {
      if (change.record === 'source' && change.revision.epoch > 1) taken.add(change.source)
    }
    const claims = story.flat().flatMap(change => (change.record === 'claim' ? [change] : []))
    const late = [...taken].flatMap(source => {
      const old = claims.find(claim => claim.source === source)
      return old ? [lateWrite(old, poll)] : []
    })
    const isTakeover = changes.some(change => change.record === 'source' && change.revision.epoch > 1)
    return isTakeover ? [...changes, ...late] : [...late, ...changes, ...late]
  })
}

const lateWrite = (claim: Claim, poll: number): Claim => ({
  ...claim,
  id: `late-${claim.source}`,
  revision: { epoch: 1, sequence: 1_000 + poll },
  owners: [ownerOf('late')],
  end: { earliestMs: claim.end.earliestMs + 86_400_000, latestMs: Number.POSITIVE_INFINITY },
  state: 'open',
})
