import { type Cell, cell, SHORT, weather } from './cell.ts'

/** One declared bound is broken in each: `owned` answers may be wrong, as nobody can tell from the polls alone. */
export const BEYOND_CELLS: readonly Cell[] = [
  cell('beyond-lag', 'lag 10 s is declared, and is 30 s', {
    ...SHORT,
    ...weather({ lagMs: 30_000 }),
    declared: { lagMs: 10_000 },
  }),
  cell('beyond-lag-110', 'lag 10 s is declared, and is 110 s', {
    ...SHORT,
    ...weather({ lagMs: 110_000 }),
    declared: { lagMs: 10_000 },
  }),
  cell('beyond-clock', 'clocks up to 0.1 s off are declared, and are 20 s off', {
    ...SHORT,
    ...weather({ clockErrorMs: 20_000, restarted: 0.1 }),
    declared: { clockErrorMs: 100 },
  }),
  cell('beyond-slack', 'slack 0 is declared, and the times of records are up to 60 s late', {
    ...SHORT,
    timesLateMs: 60_000,
    declared: { slackMs: 0 },
  }),
  cell('beyond-bridge', 'bridge 3 min is declared, and addresses that move are back after 10 s', {
    ...SHORT,
    habits: { returning: 0.9 },
    pace: 0.3,
    bridgeMs: 10_000,
    declared: { bridgeMs: 180_000 },
    shows: ['returns'],
  }),
  cell('beyond-whole', 'listings that seem whole lack one thing in fifty', {
    ...SHORT,
    ...weather({ lacking: 0.02 }),
  }),
]
