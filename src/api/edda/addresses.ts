import type { Ip } from '../../ownership/address.ts'
import type { Answer, AnswerPart } from '../../ownership/answer.ts'
import type { Millis } from '../../ownership/window.ts'
import type { Ask } from '../answering.ts'
import { type AddressDocument, addressDocument, type Revision } from './documents.ts'
import { eddaErrors } from './errors.ts'
import type { MatrixArguments } from './matrix.ts'

type Place = { readonly ip: Ip; readonly domain: string; readonly nowMs: Millis }

/**
 * Who had the address then; left out, at the newest moment of which all sources have told.
 *
 * @throws WHOHAD_EDDA_GONE where nobody had it, WHOHAD_EDDA_NOT_FOUND where that is not known
 */
export async function addressAt(place: Place, atMs: Millis | undefined, ask: Ask): Promise<Revision<AddressDocument>> {
  const { ip, domain, nowMs } = place
  const at = atMs ?? (await newestKnown(place, ask))
  const answer = await ask({ ip, domain, fromMs: at, untilMs: at + 1, nowMs })
  const { state, reason, holding } = answer
  if (state === 'unowned') throw eddaErrors.gone({ id: ip, atMs: at })
  if (state === 'unknown') throw eddaErrors.notFound({ id: ip, reason })
  const isOpen = holding === null || !Number.isFinite(holding.end.latestMs)
  return {
    id: ip,
    stime: holding === null ? at : holding.start.latestMs,
    ltime: isOpen ? null : holding.end.earliestMs,
    data: addressDocument(ip, domain, { state, reason, holding }),
  }
}

async function newestKnown({ ip, domain, nowMs }: Place, ask: Ask): Promise<Millis> {
  const { watermarkMs } = await ask({ ip, domain, fromMs: nowMs, untilMs: nowMs + 1, nowMs })
  if (watermarkMs === null) throw eddaErrors.notFound({ id: ip, reason: 'no source watches it' })
  return Math.min(watermarkMs, nowMs) - 1
}

/** Of these times nobody has looked, or not yet: there is nothing that could have been seen to change. */
const UNSEEN = new Set(['before-coverage', 'not-yet'])

/**
 * One revision for every time over which the answer stays the same, newest first, cut to the range: the first hundred of it. The
 * last one that is known goes on.
 */
export async function addressRevisions(
  { ip, domain, nowMs }: Place,
  { sinceMs = 0, untilMs = nowMs }: Pick<MatrixArguments, 'sinceMs' | 'untilMs'>,
  ask: Ask,
): Promise<readonly Revision<AddressDocument>[]> {
  if (untilMs <= sinceMs) throw eddaErrors.argumentRefused({ argument: '_until', reason: 'it is not after _since' })
  const window = { fromMs: sinceMs, untilMs }
  const answer = await ask({ ip, domain, ...window, nowMs })
  const parts = answer.split?.parts ?? [{ ...window, ...verdictOf(answer) }]
  const seen = parts.filter(({ reason }) => !UNSEEN.has(reason))
  if (seen.length === 0) throw eddaErrors.notFound({ id: ip, reason: answer.reason })
  const isWhole = answer.split === null || answer.split.total === parts.length
  return seen
    .map((part, at) => ({
      id: ip,
      stime: part.fromMs,
      ltime: isWhole && at === seen.length - 1 && untilMs >= nowMs ? null : part.untilMs,
      data: addressDocument(ip, domain, part),
    }))
    .reverse()
}

const verdictOf = (answer: Answer) =>
  ({ state: answer.state, reason: answer.reason, holding: answer.holding }) as Pick<
    AnswerPart,
    'state' | 'reason' | 'holding'
  >
