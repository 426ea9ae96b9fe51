import type { Answer, AnswerPart, Candidate, Split } from '../ownership/answer.ts'
import type { Millis, Window } from '../ownership/window.ts'
import { holdingText } from './holding-text.ts'
import { instantText, newInstantText } from './instant-text.ts'
import { summaryOf } from './summary.ts'

/**
 * The text of `answerJson`, byte for byte what `JSON.stringify` makes of it, without the objects in between: they cost three
 * times what the look-up does.
 */
export function answerText(answer: Answer, asOfMs?: Millis): string {
  const { question, holding } = answer
  const { ip, domain, port, fromMs, untilMs } = question
  const asOf = asOfMs === undefined ? 'null' : newInstantText(asOfMs)
  return (
    `{"question":{"ip":"${ip}","domain":${JSON.stringify(domain)},"port":${port ?? null},"from":${newInstantText(fromMs)},` +
    `"until":${newInstantText(untilMs)},"asOf":${asOf}},"state":"${answer.state}","reason":"${answer.reason}",` +
    `"summary":${JSON.stringify(summaryOf(answer))},"application":${JSON.stringify(holding?.owner.application ?? null)},` +
    `"holding":${holdingText(holding)},"split":${splitText(answer.split)},` +
    `"candidates":[${answer.candidates.map(candidateText).join()}],"candidatesTotal":${answer.candidatesTotal},` +
    `"under":[${answer.under.map(holdingText).join()}],"underTotal":${answer.underTotal},` +
    `"service":${holdingText(answer.service)},` +
    `"watermark":${answer.watermarkMs === null ? 'null' : instantText(answer.watermarkMs)},"final":${answer.final}}`
  )
}

const splitText = (split: Split | null): string =>
  split === null ? 'null' : `{"parts":[${split.parts.map(partText).join()}],"total":${split.total}}`

const partText = (part: AnswerPart): string =>
  `{"during":${windowText(part)},"state":"${part.state}","reason":"${part.reason}","holding":${holdingText(part.holding)}}`

const candidateText = ({ holding, during }: Candidate): string =>
  `{"holding":${holdingText(holding)},"during":${windowText(during)}}`

const windowText = ({ fromMs, untilMs }: Window): string =>
  `{"from":${newInstantText(fromMs)},"until":${newInstantText(untilMs)}}`
