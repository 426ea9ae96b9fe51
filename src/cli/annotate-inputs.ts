import { type BatchInput, bucketInputs, fileInputs, type InputReader } from '../enricher/batch/inputs.ts'
import type { Window } from '../ownership/window.ts'
import { cliErrors } from './errors.ts'
import type { Settings } from './settings.ts'

const S3_URL = /^s3:\/\/([^/]+)(?:\/(.*))?$/s
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
  const [, bucket, prefix = ''] = S3_URL.exec(argument) ?? []
  if (bucket === undefined)
    throw cliErrors.usage({ message: `"${argument}" names no bucket: write s3://BUCKET/PREFIX.` })
  const { settings, flags, reader } = parts
  const known = settings.flowLogs.find(flowLogs => flowLogs.bucket === bucket)
  const region = flags.region ?? known?.region ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION']
  if (region === undefined) {
    throw cliErrors.usage({ message: `Nobody says in which region the bucket "${bucket}" is: give --region.` })
  }
  const place = { bucket, region, endpoint: flags.endpoint ?? known?.endpoint }
  const latenessMs = (known?.lateSeconds ?? LATE_SECONDS) * 1000
  return bucketInputs(reader, { place, prefix, latenessMs }, window)
}
