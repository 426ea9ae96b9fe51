import { declareError } from '../../runtime/errors.ts'

export const changesErrors = {
  positionMalformed: declareError(
    'WHOHAD_POSITION_MALFORMED',
    'usage',
    (d: { text: string; partitions: number }) =>
      `"${d.text}" is no place of this change stream, which has ${d.partitions} partitions. Give a position that this server has told, or start anew with "since".`,
  ),
} as const
