import type { Claim, Revision } from './claim.ts'
import { type Asked, absentBefore, type LookMemory, rememberLook, shownBy, type Vouched } from './look-memory.ts'
import { PollStep, type Shown } from './poll-step.ts'
import type { Binding, Sighting } from './snapshot.ts'
import type { Diff, DiffContext, SourceState } from './source-state.ts'
import { opensAt } from './start-window.ts'

/** What a look at some addresses of a source showed, between two polls of all of it. */
export type PartialLook = {
  /** Spans all its requests. */
  readonly sighting: Sighting
  /** All that the replies showed, also of what was not asked for. */
  readonly bindings: readonly Binding[]
  /** The addresses of which the replies would have shown every holder: who was not shown there, did not hold it. */
  readonly asked: readonly Asked[]
  /** Whether the replies would have shown this claim, if it was still held. False wherever that is not sure. */
  readonly wouldShow: (claim: Claim) => boolean
}

export type LookDiff = Diff & { readonly memory: LookMemory }

/**
 * From a look to the changes that it proves. What is shown is a sighting like any other; a claim that would have been shown
 * and was not has its end window opened or, the second time, is closed. Nothing else is touched, above all not the source's
 * progress: nobody who was not asked for is known to be absent.
 *
 * Sightings that change nothing are kept in the state alone: when the claim ends, its end window opens at the last of them.
 * No look is the moment that it was asked at, so all bounds are those of polls, and one more holds: see `absentBefore`.
 * A function of its arguments alone.
 */
export function diffPartialLook(
  state: SourceState,
  look: PartialLook,
  memory: LookMemory,
  context: DiffContext,
): LookDiff {
  const revision: Revision = { epoch: state.epoch, sequence: state.sequence + 1 }
  const step = new LookStep(state, context, revision, shownBy(look.sighting, context.bounds), memory)
  step.seeAll(look.bindings)
  step.missTheRest(look.wouldShow)

  const changes = [...step.changed.values()]
  const claims = new Map(step.remaining())
  for (const [id, claim] of step.carriedOn) if (!step.changed.has(id)) claims.set(id, claim)
  const looks = rememberLook(memory.looks, look.asked, shownBy(look.sighting, context.bounds))
  return {
    changes,
    next: { ...state, sequence: changes.length > 0 ? revision.sequence : state.sequence, claims },
    contradictions: step.hearing.contradictions,
    memory: { polls: memory.polls, looks, pending: step.stillPending(claims) },
  }
}

class LookStep extends PollStep {
  /** Open claims that were sighted again, with nothing new about them but that. */
  readonly carriedOn = new Map<string, Claim>()
  private readonly pending: Map<string, Vouched>
  private readonly begun = new Map<string, Claim['start']>()
  private readonly memory: LookMemory

  constructor(state: SourceState, context: DiffContext, revision: Revision, shown: Vouched, memory: LookMemory) {
    const inScope = opensAt(state)
    const notBefore = (binding: Binding) =>
      Number.isFinite(inScope(binding))
        ? absentBefore(memory, binding, shownBy(binding.sighting, context.bounds)).provedMs
        : Number.NEGATIVE_INFINITY
    const all: Shown = { fromMs: shown.fromMs, overAtMs: shown.byMs, notBefore }
    super(state, context, revision, all)
    this.memory = memory
    this.pending = new Map(memory.pending)
  }

  protected override carryOn(claim: Claim, binding: Binding): void {
    const shown = shownBy(binding.sighting, this.context.bounds)
    const { end, lastSightingMs } = this.windows.seenAt(binding)
    const seen: Claim = {
      ...claim,
      end: { earliestMs: Math.max(claim.end.earliestMs, end.earliestMs), latestMs: claim.end.latestMs },
      lastSightingMs: Math.max(claim.lastSightingMs, lastSightingMs),
    }
    this.carriedOn.set(claim.id, seen)
    const absent = this.pending.get(claim.id)
    if (absent === undefined || absent.byMs > shown.fromMs) return
    this.pending.delete(claim.id)
    const { earliestMs, latestMs } = claim.start
    if (absent.fromMs <= earliestMs || absent.fromMs > latestMs) return
    this.revise(seen, { start: { earliestMs: absent.fromMs, latestMs } })
  }

  protected override fresh(binding: Binding, withBinding: boolean): Claim {
    const claim = super.fresh(binding, withBinding)
    const { pending } = absentBefore(this.memory, binding, shownBy(binding.sighting, this.context.bounds))
    if (pending !== undefined && Number.isFinite(claim.start.earliestMs)) {
      this.pending.set(claim.id, pending)
      this.begun.set(claim.id, claim.start)
    }
    return claim
  }

  /** Not of a claim that took over the start of another one: that was shown all the time, by another name (rule 6). */
  stillPending(claims: ReadonlyMap<string, Claim>): ReadonlyMap<string, Vouched> {
    const isOwn = ({ id, start }: Claim) => (this.begun.get(id) ?? start) === start
    return new Map(
      [...this.pending].filter(([id]) => {
        const claim = claims.get(id)
        return claim?.state === 'open' && isOwn(claim)
      }),
    )
  }
}
