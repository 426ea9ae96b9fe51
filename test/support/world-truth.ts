import { toIp } from '../../src/ownership/address.ts'
import type { Answer } from '../../src/ownership/answer.ts'
import type { Claim } from '../../src/ownership/claim.ts'
import type { OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { blockIps } from '../../src/simulator/blocks.ts'
import type { Tenure } from '../../src/simulator/ledger.ts'
import type { World } from '../../src/simulator/world.ts'

type Span = { readonly fromMs: number; readonly untilMs: number }

/** The claim is certain within it, as long as its source vouched up to `progressMs`. */
export function certainSpan({ state, start, end }: Claim, progressMs: number): Span | undefined {
  const untilMs = state === 'open' ? Math.max(end.earliestMs, progressMs) : end.earliestMs
  return start.latestMs < untilMs ? { fromMs: start.latestMs, untilMs } : undefined
}

/** The first instant of the span at which the world says otherwise, in words; undefined where there is none. */
export function contradiction(world: World, claim: Claim, span: Span): string | undefined {
  if (claim.layer === 'network' || claim.layer === 'service') return undefined
  for (const ip of ipsOf(claim.prefix)) {
    const tenures = world.ledger.tenuresOf(claim.domain, ip)
    let atMs = span.fromMs
    while (atMs < span.untilMs) {
      const tenure = tenures.find(one => one.fromMs <= atMs && atMs < one.untilMs)
      if (tenure === undefined || !agrees(claim, tenure)) return inWords(claim, ip, span, atMs, tenure)
      atMs = tenure.untilMs
    }
  }
  return undefined
}

function ipsOf(prefix: string): readonly string[] {
  const [ip = '', length] = prefix.split('/')
  if (length === '32' || length === '128') return [ip]
  return ip.includes(':') ? [] : blockIps(prefix)
}

/** Each layer is true of its own: an interface holds the addresses of its instance, and of its containers. */
function agrees({ layer, owners }: Claim, { holder, eni, instanceId }: Tenure): boolean {
  const [owner, ...others] = owners
  if (owner === undefined || owner.eni !== eni.id) return false
  if (layer === 'interface') return owner.resourceId === eni.id
  const isNamedSo = owner.application === null || owner.application === holder.application
  if (layer === 'instance') return owner.resourceId === instanceId && isNamedSo
  if (others.length > 0) return holder.resourceId === `shared ${eni.id}`
  return owner.resourceId === holder.resourceId && isNamedSo
}

function inWords(claim: Claim, ip: string, span: Span, atMs: number, tenure: Tenure | undefined): string {
  const claimed = claim.owners.map(owner => `${owner.application}/${owner.resourceId}@${owner.eni}`).join('+')
  const really = tenure ? `${tenure.holder.application}/${tenure.holder.resourceId}@${tenure.eni.id}` : 'nobody'
  return (
    `${claim.layer} ${ip} in ${claim.domain}: ${claimed} certain in [${span.fromMs}, ${span.untilMs}), at ${atMs} truly ${really}` +
    ` (${claim.state}, ${claim.evidence}, ${claim.lifetimeId})`
  )
}

/**
 * What is wrong about an answer; undefined where nothing is. That nobody held the address is said of complete polls: who
 * held it for less than `seeableMs` may have come and gone between two of them.
 */
export function falsehood(
  world: World,
  { state, reason, holding, question }: Answer,
  seeableMs: number,
): string | undefined {
  const { domain, ip } = question
  const truth = world.ledger.during(domain, ip, question)
  const only = !truth.nobody && new Set(truth.holders.map(holder => holder.resourceId)).size === 1
  const owner = holding?.owner
  const isTrue =
    state === 'owned'
      ? only &&
        truth.holders.every(
          ({ resourceId, application }) =>
            resourceId === owner?.resourceId && (owner.application === null || application === owner.application),
        )
      : (state !== 'unowned' && state !== 'external') || !wasSeeable(world, question, seeableMs)
  if (isTrue) return undefined
  const really = truth.holders.map(({ application, resourceId }) => `${application}/${resourceId}`).join(', ')
  return `${ip} in ${domain} in [${question.fromMs}, ${question.untilMs}): ${state} ${reason} ${owner?.application}/${owner?.resourceId}, truly ${really}${truth.nobody ? ', nobody' : ''}`
}

/** Whether somebody held the address within the window, and for so long that a poll must have seen it. */
export function wasSeeable(
  { ledger }: World,
  { domain, ip, fromMs, untilMs }: Answer['question'],
  seeableMs: number,
): boolean {
  const tenures = ledger.tenuresOf(domain, ip)
  return tenures.some((tenure, i) => {
    if (tenure.untilMs <= fromMs || untilMs <= tenure.fromMs) return false
    // Nobody but the bare interface: it is there for instances or containers, and none had the address.
    if (tenure.holder.layer === 'interface' && tenure.holder.application === null) return false
    const isSame = (other: Tenure) => other.holder.resourceId === tenure.holder.resourceId && other.eni === tenure.eni
    const later = tenures
      .slice(i)
      .findIndex((other, j) => !isSame(other) || other.untilMs !== tenures[i + j + 1]?.fromMs)
    const last = tenures[i + Math.max(0, later)] ?? tenure
    return (isSame(last) ? last.untilMs : tenure.untilMs) - tenure.fromMs >= seeableMs
  })
}

/** Asks about one address for a short window that touches an instant at which its holder changed, or for any. */
export function askNearTurn(
  world: World,
  index: OwnershipIndex,
  { space, ip }: { readonly space: string; readonly ip: string },
  at: { readonly turn: number; readonly shiftMs: number; readonly lengthMs: number; readonly nowMs: number },
): Answer {
  const turns = world.ledger.tenuresOf(space, ip).flatMap(({ fromMs, untilMs }) => [fromMs, untilMs])
  const known = turns.filter(ms => ms >= world.startMs && ms < Number.POSITIVE_INFINITY)
  const turnMs = known[at.turn % Math.max(1, known.length)] ?? world.startMs
  const address = toIp(ip)
  if (address === undefined) throw new Error(`not an address: ${ip}`)
  const fromMs = turnMs + at.shiftMs
  return index.ask({ domain: space, ip: address, fromMs, untilMs: fromMs + at.lengthMs, nowMs: at.nowMs })
}
