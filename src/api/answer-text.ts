import type { Answer, AnswerPart, Candidate, Holding, Split } from '../ownership/answer.ts'
import type { Owner } from '../ownership/claim.ts'
import type { Bounds, Millis, Window } from '../ownership/window.ts'
import { ownerJson } from './answer-json.ts'
import { isoTimeOf } from './iso-time.ts'
import { summaryOf } from './summary.ts'

/**
 * The text of `answerJson`, byte for byte what `JSON.stringify` makes of it, without the objects in between: they cost three
 * times what the look-up does. Owners come again and again as the same objects, and each is written once.
 */
export function answerText(answer: Answer, asOfMs?: Millis): string {
  const { question, holding } = answer
  const { ip, domain, port, fromMs, untilMs } = question
  const asOf = asOfMs === undefined ? 'null' : instant(asOfMs)
  return (
    `{"question":{"ip":"${ip}","domain":${JSON.stringify(domain)},"port":${port ?? null},"from":${instant(fromMs)},` +
    `"until":${instant(untilMs)},"asOf":${asOf}},"state":"${answer.state}","reason":"${answer.reason}",` +
    `"summary":${JSON.stringify(summaryOf(answer))},"application":${JSON.stringify(holding?.owner.application ?? null)},` +
    `"holding":${holdingText(holding)},"split":${splitText(answer.split)},` +
    `"candidates":[${answer.candidates.map(candidateText).join()}],"candidatesTotal":${answer.candidatesTotal},` +
    `"under":[${answer.under.map(holdingText).join()}],"underTotal":${answer.underTotal},` +
    `"service":${holdingText(answer.service)},` +
    `"watermark":${answer.watermarkMs === null ? 'null' : instant(answer.watermarkMs)},"final":${answer.final}}`
  )
}

const splitText = (split: Split | null): string =>
  split === null ? 'null' : `{"parts":[${split.parts.map(partText).join()}],"total":${split.total}}`

const partText = (part: AnswerPart): string =>
  `{"during":${windowText(part)},"state":"${part.state}","reason":"${part.reason}","holding":${holdingText(part.holding)}}`

const candidateText = ({ holding, during }: Candidate): string =>
  `{"holding":${holdingText(holding)},"during":${windowText(during)}}`

function holdingText(holding: Holding | null): string {
  if (holding === null) return 'null'
  const { owner, layer, prefix, source, claimId, evidence, start, end, lastSightingMs } = holding
  return (
    `{"owner":${ownerText(owner)},"layer":"${layer}","prefix":"${prefix}","source":${JSON.stringify(source)},` +
    `"claimId":${JSON.stringify(claimId)},"evidence":"${evidence}","start":${boundsText(start)},"end":${boundsText(end)},` +
    `"lastSighting":${instant(lastSightingMs)}}`
  )
}

const owners = new WeakMap<Owner, string>()

function ownerText(owner: Owner): string {
  const known = owners.get(owner)
  if (known !== undefined) return known
  const text = JSON.stringify(ownerJson(owner))
  owners.set(owner, text)
  return text
}

const windowText = ({ fromMs, untilMs }: Window): string => `{"from":${instant(fromMs)},"until":${instant(untilMs)}}`

const boundsText = ({ earliestMs, latestMs }: Bounds): string =>
  `{"earliest":${instant(earliestMs)},"latest":${instant(latestMs)}}`

const instant = (ms: Millis): string => (Number.isFinite(ms) ? `{"iso":"${isoTimeOf(ms)}","ms":${ms}}` : 'null')
