import { type Attributed, attribute } from '../../src/enricher/attribute.ts'
import { lookUpsOn } from '../../src/enricher/look-ups.ts'
import { ObjectSightings } from '../../src/enricher/sightings/object-sightings.ts'
import type { Claim } from '../../src/ownership/claim.ts'
import type { OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { Millis } from '../../src/ownership/window.ts'
import type { Flow } from './flows.ts'

/** An answer that is not final by then is taken as it is, as the enricher's cap does. */
export const LONGEST_HOLD_MS = 15 * 60_000

/** A claim that is missing is closed, or is back, two polls later. */
const MOST_ASKED_ALIKE = 3

type Sightings = { readonly slackMs: Millis; readonly publish: (claims: readonly Claim[]) => Promise<void> }

/** A record without a final answer. */
type Open = {
  readonly flow: Flow
  /** Sources that had told of all of its time when it was asked last, and how often it was asked with as many. */
  told: number
  times: number
}

/**
 * The answers of the live enricher: a record is asked about once some source has told of all of its time, again when another one
 * has, and after each poll once all have. Where flows are sightings, what the records of a minute show is published once their answers are final,
 * and they are asked again.
 */
export class RecordAnswers {
  readonly #index: OwnershipIndex
  readonly #sightings: Sightings | undefined
  #open: Open[] = []

  constructor(index: OwnershipIndex, sightings?: Sightings) {
    this.#index = index
    this.#sightings = sightings
  }

  /** How many records wait. */
  get open(): number {
    return this.#open.length
  }

  come(flows: readonly Flow[]): void {
    for (const flow of flows) this.#open.push({ flow, told: 0, times: 0 })
  }

  /** To be called before `ask`. */
  async learn(nowMs: Millis): Promise<void> {
    if (this.#sightings === undefined) return
    const { slackMs, publish } = this.#sightings
    const lookUps = lookUpsOn(this.#index, [])
    const objects = new Map<string, ObjectSightings>()
    for (const { flow } of this.#open) {
      if (flow.window.untilMs > lookUps.toldUntilMs) continue
      if (!attribute(flow.record, flow.window, nowMs, lookUps).final) continue
      const objectId = `${flow.arrivedMs} ${flow.vpc}`
      const seen = objects.get(objectId) ?? new ObjectSightings({ objectId, slackMs, index: this.#index })
      objects.set(objectId, seen)
      seen.take(flow.record)
    }
    const claims = [...objects.values()].flatMap(seen => seen.claims())
    if (claims.length === 0) return
    await publish(claims)
    this.#index.compact()
  }

  /** A record waits on until `take` says that it has taken the answer; it has to where the record `isOverdue`. */
  ask(nowMs: Millis, take: (flow: Flow, answered: Attributed, isOverdue: boolean) => boolean): void {
    const lookUps = lookUpsOn(this.#index, [])
    const progressMs = this.#index
      .sources()
      .map(({ completeUpToMs = Number.NEGATIVE_INFINITY }) => Math.min(completeUpToMs, nowMs))
    this.#open = this.#open.filter(open => {
      const { flow } = open
      const { arrivedMs, window } = flow
      const isOverdue = nowMs >= arrivedMs + LONGEST_HOLD_MS
      const told = progressMs.filter(toldMs => toldMs >= window.untilMs).length
      open.times = told === open.told ? open.times + 1 : 0
      open.told = told
      const mayBeNew = told > 0 && (told === progressMs.length || open.times < MOST_ASKED_ALIKE)
      if (!mayBeNew && !isOverdue) return true
      return !take(flow, attribute(flow.record, window, nowMs, lookUps), isOverdue)
    })
  }
}
