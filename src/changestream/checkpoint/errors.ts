import { declareError } from '../../runtime/errors.ts'

const replayed = 'whohad then replays the change stream instead'

export const checkpointErrors = {
  damaged: declareError(
    'WHOHAD_CHECKPOINT_DAMAGED',
    'state',
    (d: { path: string; reason: string }) =>
      `The checkpoint ${d.path} is damaged: ${d.reason}. Delete the file; ${replayed}.`,
  ),
  foreign: declareError(
    'WHOHAD_CHECKPOINT_FOREIGN',
    'state',
    (d: { path: string; reason: string }) =>
      `${d.path} is no checkpoint of whohad: ${d.reason}. Delete it or move it away; ${replayed}.`,
  ),
  otherVersion: declareError(
    'WHOHAD_CHECKPOINT_OTHER_VERSION',
    'state',
    (d: { path: string; version: number; ours: number }) =>
      `The checkpoint ${d.path} has format ${d.version}, and this version of whohad reads only format ${d.ours}. Delete the file; ${replayed}.`,
  ),
  unreadable: declareError(
    'WHOHAD_CHECKPOINT_UNREADABLE',
    'state',
    (d: { path: string; reason: string }) =>
      `Cannot read the checkpoint ${d.path}: ${d.reason}. Mend that, or delete the file; ${replayed}.`,
  ),
  writeFailed: declareError(
    'WHOHAD_CHECKPOINT_WRITE_FAILED',
    'failure',
    (d: { path: string; reason: string; mend: string }) =>
      `Cannot write the checkpoint ${d.path}: ${d.reason}. A checkpoint that is there already is still whole. ${d.mend}, then try again.`,
  ),
} as const
