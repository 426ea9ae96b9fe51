import type { Attributed } from '../../src/enricher/attribute.ts'
import { PUBLIC_IPV4 } from '../../src/ownership/domains.ts'
import type { World } from '../../src/simulator/world.ts'
import type { FlowEnd } from '../../src/store/port.ts'
import type { WeatheredWorld } from '../../test/support/bad-weather.ts'
import { wasSeeable } from '../../test/support/world-truth.ts'
import { type Cell, declaredBounds } from './cell.ts'
import { type Flow, onlyApplication, SIDES, type Side, spaceOf } from './flows.ts'
import { judge } from './judge.ts'
import { type Polling, provableShare } from './limit.ts'
import type { Pollers } from './polling.ts'
import type { JudgedEnd, Kind } from './tally.ts'

type Ends = Pick<Attributed, Side>

/** Compares answers with what the world knows. */
export class Judging {
  readonly #run: WeatheredWorld
  readonly #pollers: Pick<Pollers, 'counted'>
  readonly #polling: Polling

  constructor(run: WeatheredWorld, pollers: Pick<Pollers, 'counted'>, cell: Cell) {
    const { lagMs, clockErrorMs } = declaredBounds(cell)
    this.#run = run
    this.#pollers = pollers
    this.#polling = { intervalMs: cell.pollMs, lagMs, clockErrorMs }
  }

  judge(flow: Flow, answered: Ends): Record<Side, JudgedEnd> {
    return {
      source: this.#end(flow, 'source', answered.source),
      destination: this.#end(flow, 'destination', answered.destination),
    }
  }

  /** Of an end that one named application held throughout, once it is known for how long; else 0. */
  provable(flow: Flow, side: Side): number {
    const { window, packets, record } = flow
    const tenure = this.#run.world.ledger.at(spaceOf(flow, side), record[side].ip, packets.fromMs)
    if (tenure === undefined || onlyApplication(flow.truth[side]) === undefined) return 0
    return provableShare(tenure, window, this.#polling)
  }

  #end(flow: Flow, side: Side, said: FlowEnd): JudgedEnd {
    const { world, nowMs } = this.#run
    const truth = flow.truth[side]
    const { ip } = flow.record[side]
    const space = spaceOf(flow, side)
    const question = { ...flow.packets, domain: space, ip, nowMs }
    const outcome = judge(said, truth, () => wasSeeable(world, question, this.#pollers.counted.seeableMs))
    const application = onlyApplication(truth)
    const [holder] = truth.holders
    const isMissed = (id: string) => said.candidates.length > 0 && !said.candidates.includes(id)
    return {
      outcome,
      said: `${said.state} ${said.reason}`,
      kind: application === undefined ? undefined : kindOf(world, flow, side),
      isShared: truth.holders.some(({ resourceId }) => resourceId.startsWith('shared ')),
      overlaps: world.vpcs.some(({ id }) => id !== space && world.ledger.tenuresOf(id, ip).length > 0),
      isTruthMissed:
        outcome === 'ambiguous' && application !== undefined && holder !== undefined && isMissed(holder.resourceId),
    }
  }
}

export const isWrong = (judged: Record<Side, JudgedEnd>): boolean =>
  SIDES.some(side => judged[side].outcome === 'wrong')

function kindOf({ ledger }: World, flow: Flow, side: Side): Kind | undefined {
  const space = spaceOf(flow, side)
  const { ip } = flow.record[side]
  const tenure = ledger.at(space, ip, flow.packets.fromMs)
  if (tenure === undefined || space === PUBLIC_IPV4) return tenure && 'public'
  const isInBlock = !ip.includes(':') && tenure.eni.delegations.some(({ ips }) => ips.has(ip))
  return isInBlock ? 'block' : tenure.holder.layer
}

/** The wrong ones of the two answers. */
export const inWords = (flow: Flow, answered: Ends, judged: Record<Side, JudgedEnd>): readonly string[] =>
  SIDES.filter(side => judged[side].outcome === 'wrong').map(side => {
    const { ip, domain, state, reason, application, resourceId, claimId } = answered[side]
    const { holders, nobody } = flow.truth[side]
    const really = holders.map(holder => `${holder.application} ${holder.resourceId}`)
    const held = [...really, ...(nobody ? ['nobody'] : [])].join(', ')
    const { fromMs, untilMs } = flow.window
    return `${side} ${ip} in ${domain} in [${fromMs}, ${untilMs}): ${state} ${reason} ${application} ${resourceId} (claim ${claimId}), really ${held}`
  })
