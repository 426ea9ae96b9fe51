import { declareError } from '../../runtime/errors.ts'

export const eddaErrors = {
  argumentRefused: declareError(
    'WHOHAD_EDDA_ARGUMENT_REFUSED',
    'usage',
    (d: { argument: string; reason: string }) =>
      `The argument "${d.argument}" cannot be used: ${d.reason}. docs/api.md lists what of Edda's arguments there is.`,
  ),
  gone: declareError(
    'WHOHAD_EDDA_GONE',
    'state',
    (d: { id: string; atMs: number }) =>
      `Nobody had ${d.id} at ${d.atMs}. Name another time with _at, or see all with _since=0;_all.`,
  ),
  notFound: declareError(
    'WHOHAD_EDDA_NOT_FOUND',
    'state',
    (d: { id: string; reason: string }) =>
      `Of ${d.id} nothing is known at that time: ${d.reason}. Ask about another time with _at, or about another domain.`,
  ),
} as const
