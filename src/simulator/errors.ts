import { declareError } from '../runtime/errors.ts'

export const simulatorErrors = {
  nothingToAsk: declareError(
    'WHOHAD_SIMULATOR_TOO_YOUNG',
    'state',
    (d: { now: string }) =>
      `At ${d.now} no container address of the simulated cloud has been used twice yet. Let its clock run for some minutes and ask again.`,
  ),
  objectUnknown: declareError(
    'WHOHAD_SIMULATOR_OBJECT_UNKNOWN',
    'input',
    (d: { key: string }) =>
      `The simulated cloud never wrote an object "${d.key}". Take the key from a listing of its bucket.`,
  ),
} as const
