import type { SourceBounds } from '../../src/ownership/claim.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { owner, type Shown, TestSource } from './estate.ts'

/** Bounds under which flows of `machine`s that are polled by the minute tell of them. */
export const STEADY = { bridgeMs: 180_000, briefestHoldingMs: 90_000 }

/** An instance on an interface of its own, `i-<number>` on `eni-<number>`, as EC2 shows it: at both layers. */
export const machine = (
  application: string,
  number: number,
  part: Partial<Shown> & { readonly address: string },
): readonly Shown[] => {
  const eni = `eni-${number}`
  return [
    { owner: owner(application, `i-${number}`, { eni }), ...part },
    { layer: 'interface', owner: owner(null, eni, { kind: 'interface', eni }), ...part },
  ]
}

/** Polls a minute apart, each a second long, and what each of them shows: into a new index. */
export function polledByTheMinute(
  shown: readonly (readonly Shown[])[],
  bounds: Partial<SourceBounds> = STEADY,
): { readonly index: OwnershipIndex; readonly source: TestSource } {
  const index = createOwnershipIndex()
  const source = new TestSource(index, { bounds })
  for (const [minute, held] of shown.entries()) source.poll(minute * 60_000, minute * 60_000 + 1_000, held)
  return { index, source }
}
