import type { Baseline } from './baseline.ts'
import { lastChangeAfterHold, lastChangeWins } from './last-change.ts'
import { liveMap } from './live-map.ts'
import { startOnly } from './start-only.ts'

export const BASELINES: readonly Baseline[] = [liveMap, lastChangeWins, lastChangeAfterHold, startOnly]
