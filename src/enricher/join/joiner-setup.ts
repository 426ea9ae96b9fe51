import type { DomainRule } from '../../ownership/domains.ts'
import { type Reach, reachTable } from '../../ownership/reach.ts'
import { type StandingColumns, StandingIndex } from '../../ownership/standing-index.ts'
import type { JoinSettings } from './join-settings.ts'
import { Joiner } from './joiner.ts'

/** All that a joiner is made of, as it can be posted to a worker: no functions. */
export type JoinerSetup = Pick<JoinSettings, 'slackMs' | 'nowMs' | 'atMs'> & {
  readonly standing: StandingColumns
  readonly rules: readonly DomainRule[]
  readonly reaches: readonly Reach[]
}

export const joinerOf = (
  { standing, rules, reaches, slackMs, nowMs, atMs }: JoinerSetup,
  { wantsClaims = false }: Pick<JoinSettings, 'wantsClaims'> = {},
): Joiner =>
  new Joiner(new StandingIndex(standing), { rules, reach: reachTable(reaches), slackMs, nowMs, atMs, wantsClaims })
