import { BEYOND_CELLS } from './beyond-cells.ts'
import { type Cell, cell, MAIN, MAIN_CELL, SCALE, SHORT, SIGHTINGS_CELL, TARGETED_CELL, weather } from './cell.ts'

const POLLING: readonly Cell[] = [
  cell(TARGETED_CELL, 'and looks every 5 s', { lookMs: 5_000, minutes: MAIN.minutes }),
  cell('briefest-90', 'nobody holds an address for less than 90 s, and that is declared', {
    briefestHoldingMs: 90_000,
    minutes: MAIN.minutes,
  }),
  cell(SIGHTINGS_CELL, 'that and looks every 5 s, and flows are sightings', {
    briefestHoldingMs: 90_000,
    lookMs: 5_000,
    sightings: true,
    minutes: MAIN.minutes,
  }),
  cell('unstated', 'no inventory says when anything started or ended', { statedTimes: false, minutes: MAIN.minutes }),
  cell('poll-15', 'polls every 15 s', { pollMs: 15_000 }),
  cell('poll-15-lag-0', 'polls every 15 s, lag 0', { pollMs: 15_000, ...weather({ lagMs: 0 }) }),
  cell('poll-30', 'polls every 30 s', { pollMs: 30_000, ...SHORT }),
  cell('lag-0', 'lag 0', weather({ lagMs: 0 })),
  cell('lag-30', 'lag 30 s', weather({ lagMs: 30_000 })),
  cell('poll-120', 'polls every 2 min', { pollMs: 120_000, ...SHORT }),
  cell('poll-300', 'polls every 5 min', { pollMs: 300_000 }),
  cell('poll-300-lag-0', 'polls every 5 min, lag 0', { pollMs: 300_000, ...weather({ lagMs: 0 }) }),
  cell('slack-60', 'slack 60 s: the times of records are up to 60 s late', { timesLateMs: 60_000 }),
  cell('clock-2', 'clocks up to 2 s off', weather({ clockErrorMs: 2_000 })),
]

const TROUBLE: readonly Cell[] = [
  cell('throttled', 'one attempt in four throttled, one request in twenty slow', {
    ...weather({ throttled: 0.25, slow: 0.05 }),
  }),
  cell('hanging', 'one request in ten hangs for up to 90 s and is sent again', {
    ...weather({ hanging: 0.1 }),
    ...SHORT,
    shows: ['hung_requests'],
  }),
  cell('refused', 'one request in twenty fails, and the poll with it', {
    ...weather({ failing: 0.05 }),
    shows: ['lost_polls'],
  }),
  cell('half-lost', 'about half of the polls are lost', {
    ...weather({ failing: 0.15 }),
    ...SHORT,
    shows: ['lost_polls'],
  }),
  cell('emptied', 'one walk in ten comes back empty, without an error', {
    ...weather({ emptied: 0.1 }),
    ...SHORT,
    shows: ['doubted_polls'],
  }),
  cell('partial', 'tags missing from replies, and late after launches', {
    tagsLateMs: 20_000,
    ...weather({ tagless: 0.05 }),
  }),
  cell('restarts', 'pollers die while they publish, and come back on other clocks', {
    ...weather({ dying: 0.1, restarted: 0.2 }),
  }),
  cell('blind-hour', 'both pollers are off for an hour', {
    outages: [
      { source: 'ec2', fromMinute: 8, untilMinute: 68 },
      { source: 'titus', fromMinute: 8, untilMinute: 68 },
    ],
    minutes: 76,
    connectionsPerMinute: 60,
    shows: ['minutes_off'],
  }),
  cell('titus-off', 'the poller of containers dies for good, that of machines goes on', {
    outages: [{ source: 'titus', fromMinute: 8, untilMinute: Number.POSITIVE_INFINITY }],
    ...SHORT,
    shows: ['minutes_off', 'source_stale_ends'],
  }),
]

const ESTATES: readonly Cell[] = [
  cell('gap-30', 'freed addresses rest for 30 s', { reuseGapMs: 30_000, ...SHORT }),
  cell('gap-180', 'freed addresses rest for 3 min', { reuseGapMs: 180_000 }),
  cell('short-lives', 'lives a fifth as long', { pace: 0.2 }),
  cell('no-containers', 'one host, 60 instances', {
    scale: { ...SCALE, hosts: 1, containersPerHost: 4, instancesPerGroup: 5 },
  }),
  cell('containers', '20 hosts, 4 instances: more containers, and more that share an address', {
    scale: { hosts: 20, containersPerHost: 12, groups: 2, instancesPerGroup: 2 },
  }),
  cell('unshared', 'no container shares an address', { habits: { sharing: 0 }, ...SHORT }),
  cell('shared', 'half of the containers share an address', {
    habits: { sharing: 0.5 },
    ...SHORT,
    shows: ['shared_addresses'],
  }),
  cell('vpcs-apart', 'the two VPCs have no address in common', {
    scale: { ...SCALE, overlapping: false },
    ...SHORT,
    shows: ['handoffs'],
  }),
  cell('vpcs-5', 'five VPCs with the same addresses', { scale: { ...SCALE, vpcs: 5 }, ...SHORT }),
  cell('returns', 'addresses that move come back to the interface that gave them up, lives a third as long', {
    habits: { returning: 0.7 },
    pace: 0.3,
    shows: ['returns'],
  }),
  cell('renamed', 'most instances and tasks are given to other applications', {
    habits: { renamed: 0.8, moved: 0.6 },
    ...SHORT,
    shows: ['retags', 'moved_tasks'],
  }),
  cell('listed-on', 'nine finished tasks in ten stay listed', {
    habits: { listedOn: 0.9 },
    ...SHORT,
    shows: ['finished_listed'],
  }),
  cell('all-at-once', 'short lives, bad weather and clocks 2 s off together', {
    pace: 0.3,
    tagsLateMs: 20_000,
    ...weather({
      clockErrorMs: 2_000,
      throttled: 0.2,
      slow: 0.03,
      failing: 0.02,
      hanging: 0.01,
      tagless: 0.03,
      dying: 0.05,
      restarted: 0.1,
    }),
  }),
]

/**
 * Every world has two VPCs that overlap, shared IPv4 (one container in twenty), moving Elastic IPs, NAT and load balancers,
 * and hands freed addresses on within seconds, now and then in the same instant, but for what a cell says otherwise.
 */
export const CELLS: readonly Cell[] = [MAIN, ...POLLING, ...TROUBLE, ...ESTATES, ...BEYOND_CELLS]

const QUICK = [MAIN_CELL, TARGETED_CELL, 'slack-60', 'titus-off', 'returns', 'all-at-once']

/** The cell in a small world, for a short time. */
export const small = (one: Cell): Cell => ({
  ...one,
  scale: { ...one.scale, hosts: 4, containersPerHost: 8, groups: 4, instancesPerGroup: 4 },
  minutes: Math.min(one.minutes, 15),
  connectionsPerMinute: 80,
})

/** A handful of the cells, in small worlds. */
export const QUICK_CELLS: readonly Cell[] = CELLS.filter(({ name }) => QUICK.includes(name)).map(small)
