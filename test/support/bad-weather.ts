import { pollerErrors } from '../../src/pollers/errors.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import { type Random, seededRandom } from '../../src/simulator/random.ts'
import type { View } from '../../src/simulator/view.ts'
import type { World } from '../../src/simulator/world.ts'

/** What may go wrong in one run. Everything is within the bounds that are declared for it, but for `beyondMs` and `lacking`. */
export type Weather = {
  readonly lagMs: number
  readonly clockErrorMs: number
  /** Of one request: it fails, and the listing with it. */
  readonly failing: number
  /** Of one attempt: it is throttled, and tried again later. */
  readonly throttled: number
  /** Of one request: it takes up to half a minute. */
  readonly slow: number
  /** Of one request: an attempt gets no answer for a minute and a half at most, and is made again. */
  readonly hanging: number
  /** Of one walk over interfaces, instances or tasks: it comes back empty, without an error. */
  readonly emptied: number
  /** Of one thing in one reply: it is left out, without an error. No listing that came whole may do so. */
  readonly lacking: number
  /** Of one instance in one reply: its tags are not shown. */
  readonly tagless: number
  /** Of one poll: the poller dies while it publishes. */
  readonly dying: number
  /** Of one poll: it begins with a restart, on a machine with another clock. */
  readonly restarted: number
  /** Replies are as much staler than declared, and clocks as much further off. */
  readonly beyondMs: number
}

/** Nothing but lag and clocks. */
export const CALM = {
  failing: 0,
  throttled: 0,
  slow: 0,
  hanging: 0,
  emptied: 0,
  lacking: 0,
  tagless: 0,
  dying: 0,
  restarted: 0,
  beyondMs: 0,
} satisfies Partial<Weather>

/** The attempt of a request that was answered, on the world's clock. */
export type Exchange = { readonly sentMs: number; readonly receivedMs: number }

/** Requests to one world in bad weather, and the time that they take: the world lives on meanwhile. */
export class WeatheredWorld {
  readonly world: World
  readonly weather: Weather
  readonly random: Random
  nowMs: number
  /** How far the poller's clock is ahead of the world's. */
  offsetMs = 0
  /** How far the control plane's clock of Titus is. */
  readonly titusOffsetMs: number
  /** Attempts that were given up after half a minute and more, and made again. */
  hung = 0

  constructor(world: World, weather: Weather, seed: number) {
    this.world = world
    this.weather = weather
    this.random = seededRandom(seed, 'weather')
    this.nowMs = world.startMs
    this.titusOffsetMs = this.drawOffset()
    this.offsetMs = this.drawOffset()
  }

  readonly clock: Clock = {
    now: () => this.nowMs + this.offsetMs,
    sleep: async ms => this.pass(ms),
  }

  pass(ms: number): void {
    this.nowMs += Math.ceil(ms)
    this.world.agenda.runTo(this.nowMs)
  }

  drawOffset(): number {
    const most = this.weather.clockErrorMs + this.weather.beyondMs
    return this.random.chance(0.5) ? this.random.pick([-most, most]) : this.random.integer(-most, most + 1)
  }

  /** One request with its attempts. Throws where it fails for good. */
  exchange(): Exchange {
    const { random, weather } = this
    while (random.chance(weather.throttled)) this.pass(random.integer(50, 3_000))
    while (random.chance(weather.hanging)) {
      this.hung++
      this.pass(random.integer(30_000, 90_000))
    }
    const sentMs = this.nowMs
    this.pass(random.chance(weather.slow) ? random.integer(1_000, 30_000) : random.integer(5, 400))
    if (random.chance(weather.failing))
      throw pollerErrors.ec2Throttled({ account: '1', region: 'simulated', why: 'bad weather' })
    return { sentMs, receivedMs: this.nowMs }
  }

  /** Each thing at any moment that the declared lag allows, the earliest and the latest more often than others. */
  view({ sentMs, receivedMs }: Exchange, lagMs = this.weather.lagMs): View {
    const { random } = this
    const earliestMs = sentMs - lagMs - this.weather.beyondMs
    const isSteady = random.chance(0.3)
    const draw = () =>
      random.chance(0.5)
        ? random.pick([earliestMs, receivedMs, receivedMs])
        : random.integer(earliestMs, receivedMs + 1)
    const momentMs = draw()
    return () => (isSteady ? momentMs : draw())
  }

  /** What a walk gives of all that it should. */
  shown<T>(things: readonly T[]): readonly T[] {
    const { random, weather } = this
    return weather.lacking === 0 ? things : things.filter(() => !random.chance(weather.lacking))
  }

  sightingOf({ sentMs, receivedMs }: Exchange) {
    return { sentAtMs: sentMs + this.offsetMs, receivedAtMs: receivedMs + this.offsetMs }
  }
}
