import type { Random } from '../../src/simulator/random.ts'
import type { WriteKill } from './dying-store.ts'
import type { Step } from './recorded-world.ts'

/** After so long in a step, or after so long from its start, when it opens its files. */
export type TimeKill = { readonly of: 'step' | 'start'; readonly afterMs: number; readonly fromStep: number }
export type Kill = WriteKill | TimeKill

const WRITES: readonly Pick<WriteKill, 'write' | 'of' | 'when'>[] = [
  { write: 'started', of: 'first', when: 'after' },
  { write: 'rows', of: 'correction', when: 'half' },
  { write: 'committed', of: 'first', when: 'before' },
  { write: 'started', of: 'correction', when: 'after' },
  { write: 'rows', of: 'first', when: 'half' },
  { write: 'committed', of: 'correction', when: 'before' },
  { write: 'committed', of: 'correction', when: 'after' },
  { write: 'letters', of: 'first', when: 'after' },
  { write: 'corrected-up-to', of: 'correction', when: 'before' },
  { write: 'committed', of: 'first', when: 'half' },
  { write: 'corrected-up-to', of: 'correction', when: 'after' },
]

/** Kills spread over the steps: two of three between writes, in turn at each place of the list, the others at any time. */
export function drawnKills(
  count: number,
  { length }: readonly Step[],
  stepMs: number,
  random: Random,
): readonly Kill[] {
  let writes = random.integer(0, WRITES.length)
  return Array.from({ length: count }, (_, i): Kill => {
    const fromStep = Math.floor((i * (length - 1)) / count)
    const place = WRITES[writes % WRITES.length]
    if (i % 3 !== 2 && place !== undefined) {
      writes++
      return { ...place, nth: random.integer(0, 3), fromStep }
    }
    return random.chance(0.25)
      ? { of: 'start', afterMs: random.between(0, 2_000), fromStep }
      : { of: 'step', afterMs: random.between(0, stepMs), fromStep }
  })
}
