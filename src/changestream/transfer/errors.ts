import { declareError } from '../../runtime/errors.ts'

export const transferErrors = {
  exportUnreadable: declareError(
    'WHOHAD_EXPORT_UNREADABLE',
    'input',
    (d: { file: string; reason: string }) =>
      `Cannot read ${d.file} as an export of a change stream: ${d.reason}. Nothing was imported. Take a file that "whohad changes export" wrote, whole.`,
  ),
  importTargetNotEmpty: declareError(
    'WHOHAD_IMPORT_TARGET_NOT_EMPTY',
    'usage',
    (d: { target: string; records: number }) =>
      `${d.target} has ${d.records} records already, and an import mixes what two streams say of the same sources. Import into an empty one (--data, or kafka.topic); or say --append, which is right for going on with an import that broke off, while no poller of these sources runs.`,
  ),
} as const
