import {
  type BatchInput,
  type BucketPlace,
  bucketInputs,
  fileInputs,
  type InputReader,
} from '../enricher/batch/inputs.ts'
import type { Window } from '../ownership/window.ts'
import { cliErrors } from './errors.ts'
import type { Settings } from './settings.ts'

const S3_URL = /^s3:\/\/([^/]+)(?:\/(.*))?$/is
/** As long as a listing looks back for late files by default (flowLogs[].lateSeconds). */
const LATE_SECONDS = 21_600

export type BucketFlags = { readonly region?: string | undefined; readonly endpoint?: string | undefined }

/** The flow logs that an argument names. @throws WHOHAD_USAGE, WHOHAD_S3_…, WHOHAD_FLOW_FILE_UNREADABLE */
export function inputsOf(
  argument: string,
  window: Window,
  parts: { readonly settings: Settings; readonly flags: BucketFlags; readonly reader: InputReader },
): Promise<readonly BatchInput[]> {
  if (!argument.startsWith('s3://')) return fileInputs(argument, window)
  const { settings, flags, reader } = parts
  const { place, prefix, lateSeconds } = bucketOf(argument, settings, flags)
  return bucketInputs(reader, { place, prefix, latenessMs: lateSeconds * 1000 }, window)
}

/** Where the bucket of an s3:// URL is, as configured or as the flags say. @throws WHOHAD_USAGE */
export function bucketOf(url: string, settings: Settings, flags: BucketFlags) {
  const [, bucket, prefix = ''] = S3_URL.exec(url) ?? []
  if (bucket === undefined) throw cliErrors.usage({ message: `"${url}" names no bucket: write s3://BUCKET/PREFIX.` })
  const known = settings.flowLogs.find(flowLogs => flowLogs.bucket === bucket)
  const region = flags.region ?? known?.region ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION']
  if (region === undefined) {
    throw cliErrors.usage({ message: `Nobody says in which region the bucket "${bucket}" is: give --region.` })
  }
  const place: BucketPlace = { bucket, region, endpoint: flags.endpoint ?? known?.endpoint }
  return { place, prefix, lateSeconds: known?.lateSeconds ?? LATE_SECONDS }
}
