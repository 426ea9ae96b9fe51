import type { Change, Claim } from '../../src/ownership/claim.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { SourceState } from '../../src/ownership/snapshot-diff.ts'
import type { StatedTime } from '../../src/ownership/stated-times.ts'
import { inWords, owner, question, type Shown, TestSource } from './estate.ts'

export const A = owner('api', 'i-a')
export const B = owner('batch', 'i-b')
export const at = '10.0.0.5'

export type SourceOptions = NonNullable<ConstructorParameters<typeof TestSource>[1]>

/** An index that one source feeds, poll by poll, and a way to ask it about `at` in a few words. */
export function world(options?: SourceOptions) {
  const index = createOwnershipIndex()
  const source = new TestSource(index, options)
  return { index, source, ask: askOf(index) }
}

export const askOf =
  (index: OwnershipIndex) =>
  (fromMs: number, untilMs?: number, part?: Parameters<typeof question>[3]): string =>
    inWords(index.ask(question(at, fromMs, untilMs, part)))

/** The claims as the changes leave them, the newest revision of each. */
export function claimsOf(changes: readonly Change[]): readonly Claim[] {
  const claims = new Map<string, Claim>()
  for (const change of changes) if (change.record === 'claim') claims.set(change.id, change)
  return [...claims.values()]
}

/** What a successor knows that reads these changes, and no others, of its predecessor (src/pollers/adopt.ts). */
export function adopted(changes: readonly Change[]): SourceState {
  const last = changes.findLast(change => change.record === 'progress')
  return {
    epoch: Math.max(1, ...changes.map(change => (change.record === 'horizon' ? 0 : change.revision.epoch))) + 1,
    sequence: 0,
    completeUpToMs: last?.completeUpToMs ?? null,
    addresses: last?.counts.addresses ?? 0,
    claims: new Map(claimsOf(changes).flatMap(claim => (claim.state === 'closed' ? [] : [[claim.id, claim]]))),
    record: changes.findLast(change => change.record === 'source') ?? null,
  }
}

export type StatedWords = `${StatedTime['edge']} ${StatedTime['kind']} ${StatedTime['subject']}`

/** `start exact binding` at an instant. */
export function says(words: StatedWords, atMs: number, clockErrorMs?: number): StatedTime {
  const [edge, kind, subject] = words.split(' ') as [StatedTime['edge'], StatedTime['kind'], StatedTime['subject']]
  return { edge, kind, subject, atMs, ...(clockErrorMs === undefined ? {} : { clockErrorMs }) }
}

export const held = (...stated: readonly StatedTime[]): Shown => ({ address: at, owner: A, stated })
export const ending = (...stated: readonly StatedTime[]): Shown => ({ ...held(...stated), state: 'ending' })
