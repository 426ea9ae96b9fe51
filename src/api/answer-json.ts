import type { Answer, AnswerPart, Candidate, Holding } from '../ownership/answer.ts'
import type { Owner } from '../ownership/claim.ts'
import type { Bounds, Millis, Window } from '../ownership/window.ts'
import type { AnswerJson, HoldingJson, InstantJson } from './answer-schema.ts'
import { isoTimeOf } from './iso-time.ts'
import { summaryOf } from './summary.ts'

/**
 * The form in which an answer leaves the process, the same over HTTP and from the CLI (`AnswerSchema`). `asOfMs` is set where
 * it was asked what was known then.
 */
export function answerJson(answer: Answer, asOfMs?: Millis): AnswerJson {
  const { question, holding } = answer
  return {
    question: {
      ip: question.ip,
      domain: question.domain,
      port: question.port ?? null,
      from: instantJson(question.fromMs),
      until: instantJson(question.untilMs),
      asOf: asOfMs === undefined ? null : instantJson(asOfMs),
    },
    state: answer.state,
    reason: answer.reason,
    summary: summaryOf(answer),
    application: holding?.owner.application ?? null,
    holding: holding && holdingJson(holding),
    split: answer.split && { parts: answer.split.parts.map(partJson), total: answer.split.total },
    candidates: answer.candidates.map(candidateJson),
    candidatesTotal: answer.candidatesTotal,
    under: answer.under.map(holdingJson),
    underTotal: answer.underTotal,
    service: answer.service && holdingJson(answer.service),
    watermark: answer.watermarkMs === null ? null : instantJson(answer.watermarkMs),
    final: answer.final,
  }
}

export const partJson = (part: AnswerPart) => ({
  during: windowJson(part),
  state: part.state,
  reason: part.reason,
  holding: part.holding && holdingJson(part.holding),
})

const candidateJson = ({ holding, during }: Candidate) => ({
  holding: holding && holdingJson(holding),
  during: windowJson(during),
})

export const windowJson = ({ fromMs, untilMs }: Window) => ({ from: instantJson(fromMs), until: instantJson(untilMs) })

export const holdingJson = (holding: Holding): HoldingJson => ({
  owner: ownerJson(holding.owner),
  layer: holding.layer,
  prefix: holding.prefix,
  source: holding.source,
  claimId: holding.claimId,
  evidence: holding.evidence,
  start: boundsJson(holding.start),
  end: boundsJson(holding.end),
  lastSighting: instantJson(holding.lastSightingMs),
})

export const ownerJson = (owner: Owner): HoldingJson['owner'] => ({
  application: owner.application,
  cluster: owner.cluster,
  stack: owner.stack,
  detail: owner.detail,
  team: owner.team,
  namedBy: owner.namedBy,
  kind: owner.kind,
  resourceId: owner.resourceId,
  forwards: owner.forwards,
  placement: {
    account: owner.account,
    region: owner.region,
    zone: owner.zone,
    vpc: owner.vpc,
    subnet: owner.subnet,
    eni: owner.eni,
    host: owner.host,
  },
  labels: { ...owner.labels },
})

export const boundsJson = ({ earliestMs, latestMs }: Bounds) => ({
  earliest: instantJson(earliestMs),
  latest: instantJson(latestMs),
})

/** JSON has no Infinity: a side without a bound is null. */
export const instantJson = (ms: Millis): InstantJson | null => (Number.isFinite(ms) ? { iso: isoTimeOf(ms), ms } : null)
