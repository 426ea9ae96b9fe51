import type { Habits } from '../../src/simulator/fleet.ts'
import type { Scale } from '../../src/simulator/world.ts'
import { CALM, type Weather } from '../../test/support/bad-weather.ts'
import type { Happened } from './events.ts'

/** A stretch in which a poller is not there, in minutes since flows are counted. */
export type Outage = { readonly source: 'ec2' | 'titus'; readonly fromMinute: number; readonly untilMinute: number }

/** What a source's word is worth (docs/architecture.md, "Declared bounds"), and that of the records' times. */
export type Bounds = {
  readonly lagMs: number
  readonly clockErrorMs: number
  readonly bridgeMs: number
  readonly slackMs: number
}

/** One world, and one way of polling it. */
export type Cell = {
  readonly name: string
  /** What is otherwise than in `main`, for people. */
  readonly says: string
  readonly scale: Scale
  readonly habits: Partial<Habits>
  /** Lives last so many times as long as by default: a median of ten minutes for a container. */
  readonly pace: number
  /** How long a freed address is kept before it is given out again. */
  readonly reuseGapMs: number
  readonly pollMs: number
  /** How far apart targeted looks stand; null for polls alone. */
  readonly lookMs: number | null
  /** Replies and clocks as they are. */
  readonly weather: Weather
  /** No address without a lifetime id comes back to where it was within this time. */
  readonly bridgeMs: number
  /** Nobody holds an address for a shorter time, and that is declared; 0 where nobody promises it. */
  readonly briefestHoldingMs: number
  /** By how much the times of a record may be later than its packets. */
  readonly timesLateMs: number
  /** What is declared otherwise than it is. Where it is less, the cell is beyond the bounds. */
  readonly declared: Partial<Bounds>
  readonly outages: readonly Outage[]
  /** How long after its launch an instance may be listed without tags. */
  readonly tagsLateMs: number
  /** Whether the pollers use what the inventories say of the times of starts and ends. */
  readonly statedTimes: boolean
  /** Whether flow records are evidence themselves. */
  readonly sightings: boolean
  /** Of simulated time in which flows are counted. */
  readonly minutes: number
  readonly connectionsPerMinute: number
  /** What has to happen in it: a cell without it shows nothing. */
  readonly shows: readonly Happened[]
}

export const SCALE: Scale = { hosts: 10, containersPerHost: 8, groups: 12, instancesPerGroup: 3 }

export const MAIN: Cell = {
  name: 'main',
  says: '60 s polls, lag 10 s, slack 0, containers with a median lifetime of 10 min',
  scale: SCALE,
  habits: {},
  pace: 1,
  reuseGapMs: 0,
  pollMs: 60_000,
  lookMs: null,
  weather: { ...CALM, lagMs: 10_000, clockErrorMs: 100 },
  bridgeMs: 180_000,
  briefestHoldingMs: 0,
  timesLateMs: 0,
  declared: {},
  outages: [],
  tagsLateMs: 0,
  statedTimes: true,
  sightings: false,
  minutes: 60,
  connectionsPerMinute: 200,
  shows: ['handoffs', 'overlapping_addresses'],
}

/** The cells that the figures of the same names are of. */
export const MAIN_CELL = MAIN.name
export const TARGETED_CELL = 'targeted'
export const SIGHTINGS_CELL = 'with-sightings'

/** A cell that is otherwise than `main`, half as long. */
export const cell = (name: string, says: string, changed: Partial<Cell>): Cell => ({
  ...MAIN,
  minutes: 30,
  ...changed,
  name,
  says,
})
export const weather = (changed: Partial<Weather>): Pick<Cell, 'weather'> => ({
  weather: { ...MAIN.weather, ...changed },
})

/** A shorter history, where what is asked of a cell is whether anything is wrong. */
export const SHORT = { minutes: 20, connectionsPerMinute: 120 } as const

/** What is declared in the cell. */
export const declaredBounds = ({
  weather: { lagMs, clockErrorMs },
  bridgeMs,
  timesLateMs,
  declared,
}: Cell): Bounds => ({
  lagMs,
  clockErrorMs,
  bridgeMs,
  slackMs: timesLateMs,
  ...declared,
})

/** Whether what a poller knows is lost in the cell, so that the change stream alone has it. */
export const hasRestarts = ({ weather: { dying, restarted }, outages }: Cell): boolean =>
  dying > 0 || restarted > 0 || outages.length > 0

/** Whether something in the cell is otherwise than declared: then answers may be wrong, and are reported apart. */
export function isBeyond(one: Cell): boolean {
  const { weather: real, bridgeMs, timesLateMs } = one
  const { lagMs, clockErrorMs, bridgeMs: bridge, slackMs } = declaredBounds(one)
  const isLess = lagMs < real.lagMs || clockErrorMs < real.clockErrorMs || slackMs < timesLateMs
  return isLess || bridge > bridgeMs || real.lacking > 0 || real.beyondMs > 0
}
