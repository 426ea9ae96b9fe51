import type { Scale } from '../../src/simulator/world.ts'
import type { Weather } from '../../test/support/bad-weather.ts'

/** One world, and one way of polling it. */
export type Cell = {
  readonly name: string
  /** What is otherwise than in `main`, for people. */
  readonly says: string
  readonly scale: Scale
  /** Lives last so many times as long as by default: a median of ten minutes for a container. */
  readonly pace: number
  /** How long a freed address is kept before it is given out again. */
  readonly reuseGapMs: number
  readonly pollMs: number
  /** How far apart targeted looks stand; null for polls alone. */
  readonly lookMs: number | null
  /** The bounds that are declared are those that the weather keeps to. */
  readonly weather: Weather
  /** How long after its launch an instance may be listed without tags. */
  readonly tagsLateMs: number
  readonly slackMs: number
  /** Whether the pollers use what the inventories say of the times of starts and ends. */
  readonly statedTimes: boolean
  /** Of simulated time in which flows are counted. */
  readonly minutes: number
  readonly connectionsPerMinute: number
}

const CALM: Weather = {
  lagMs: 10_000,
  clockErrorMs: 100,
  failing: 0,
  throttled: 0,
  slow: 0,
  tagless: 0,
  dying: 0,
  restarted: 0,
  beyondMs: 0,
}

const SCALE: Scale = { hosts: 10, containersPerHost: 8, groups: 12, instancesPerGroup: 3 }

const MAIN: Cell = {
  name: 'main',
  says: '60 s polls, lag 10 s, slack 0, containers with a median lifetime of 10 min',
  scale: SCALE,
  pace: 1,
  reuseGapMs: 0,
  pollMs: 60_000,
  lookMs: null,
  weather: CALM,
  tagsLateMs: 0,
  slackMs: 0,
  statedTimes: true,
  minutes: 60,
  connectionsPerMinute: 200,
}

/** The cell that `owned_share` is of, and the one with targeted looks. */
export const MAIN_CELL = MAIN.name
export const TARGETED_CELL = 'targeted'

const cell = (name: string, says: string, changed: Partial<Cell>): Cell => ({
  ...MAIN,
  minutes: 30,
  ...changed,
  name,
  says,
})
const weather = (changed: Partial<Weather>): Pick<Cell, 'weather'> => ({ weather: { ...CALM, ...changed } })

/**
 * Every world has two VPCs that overlap, shared IPv4 (one container in twenty), moving Elastic IPs, NAT and load balancers,
 * and hands freed addresses on within seconds, now and then in the same instant.
 */
export const CELLS: readonly Cell[] = [
  MAIN,
  cell(TARGETED_CELL, 'and looks every 5 s', { lookMs: 5_000, minutes: MAIN.minutes }),
  cell('unstated', 'no inventory says when anything started or ended', { statedTimes: false, minutes: MAIN.minutes }),
  cell('poll-15', 'polls every 15 s', { pollMs: 15_000 }),
  cell('poll-15-lag-0', 'polls every 15 s, lag 0', { pollMs: 15_000, ...weather({ lagMs: 0 }) }),
  cell('lag-0', 'lag 0', weather({ lagMs: 0 })),
  cell('poll-300', 'polls every 5 min', { pollMs: 300_000 }),
  cell('poll-300-lag-0', 'polls every 5 min, lag 0', { pollMs: 300_000, ...weather({ lagMs: 0 }) }),
  cell('slack-60', 'slack 60 s', { slackMs: 60_000 }),
  cell('clock-2', 'clocks up to 2 s off', weather({ clockErrorMs: 2_000 })),
  cell(
    'throttled',
    'one attempt in four throttled, one request in twenty slow',
    weather({ throttled: 0.25, slow: 0.05 }),
  ),
  cell('refused', 'one request in twenty fails, and the poll with it', weather({ failing: 0.05 })),
  cell('partial', 'tags missing from replies, and late after launches', {
    tagsLateMs: 20_000,
    ...weather({ tagless: 0.05 }),
  }),
  cell(
    'restarts',
    'pollers die while they publish, and come back on other clocks',
    weather({ dying: 0.1, restarted: 0.2 }),
  ),
  cell('gap-180', 'freed addresses rest for 3 min', { reuseGapMs: 180_000 }),
  cell('short-lives', 'lives a fifth as long', { pace: 0.2 }),
  cell('no-containers', 'one host, 60 instances', {
    scale: { ...SCALE, hosts: 1, containersPerHost: 4, instancesPerGroup: 5 },
  }),
  cell('containers', '20 hosts, 4 instances: more containers, and more that share an address', {
    scale: { hosts: 20, containersPerHost: 12, groups: 2, instancesPerGroup: 2 },
  }),
  cell('all-at-once', 'short lives, bad weather and clocks 2 s off together', {
    pace: 0.3,
    tagsLateMs: 20_000,
    ...weather({
      clockErrorMs: 2_000,
      throttled: 0.2,
      slow: 0.03,
      failing: 0.02,
      tagless: 0.03,
      dying: 0.05,
      restarted: 0.1,
    }),
  }),
]

const QUICK = [MAIN_CELL, TARGETED_CELL, 'poll-15-lag-0', 'all-at-once']
const SMALL: Pick<Cell, 'scale' | 'minutes' | 'connectionsPerMinute'> = {
  scale: { hosts: 4, containersPerHost: 8, groups: 4, instancesPerGroup: 4 },
  minutes: 20,
  connectionsPerMinute: 80,
}

/** A handful of the cells, in small worlds. */
export const QUICK_CELLS: readonly Cell[] = CELLS.filter(({ name }) => QUICK.includes(name)).map(one => ({
  ...one,
  ...SMALL,
}))
