import { declareError } from '../runtime/errors.ts'

/** What can go wrong with the input of the enricher: files, and objects in S3. A bad line is a dead letter, no error. */
export const enricherErrors = {
  flowHeaderMissing: declareError(
    'WHOHAD_FLOW_HEADER_MISSING',
    'input',
    (d: { name: string; line: string }) =>
      `The first line of ${d.name} names no flow log field: "${d.line}". Give the format of the flow log beside the file, as its LogFormat or as the list of its field names in order, for example: version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status`,
  ),
  flowFormatMalformed: declareError(
    'WHOHAD_FLOW_FORMAT_MALFORMED',
    'usage',
    (d: { format: string }) =>
      `"${d.format}" is not a flow log format: none of its names is a flow log field, or one stands there twice. Write the field names in order with spaces between them (start end srcaddr dstaddr bytes …), or as in the flow log's LogFormat (\${start} \${end} …).`,
  ),
  flowParquetUnsupported: declareError(
    'WHOHAD_FLOW_PARQUET_UNSUPPORTED',
    'input',
    (d: { name: string }) =>
      `${d.name} is a Parquet file, and this version reads flow logs as text (plain or gzip) only. Set the flow log's file format to plain text, or convert the file.`,
  ),
  flowFileUnreadable: declareError(
    'WHOHAD_FLOW_FILE_UNREADABLE',
    'input',
    (d: { path: string; reason: string }) =>
      `Cannot read ${d.path}: ${d.reason}. Check the path and its permissions; "-" stands for standard input.`,
  ),
  s3BucketMissing: declareError(
    'WHOHAD_S3_BUCKET_MISSING',
    'input',
    (d: { bucket: string; region: string }) =>
      `There is no bucket "${d.bucket}" for us in ${d.region}. Check the bucket's name and region in the settings.`,
  ),
  s3ObjectMissing: declareError(
    'WHOHAD_S3_OBJECT_MISSING',
    'state',
    (d: { bucket: string; key: string }) =>
      `s3://${d.bucket}/${d.key} is gone, or was replaced since it was listed. The next listing shows what is there now; if it was deleted, nothing is to be done.`,
  ),
  s3AccessDenied: declareError(
    'WHOHAD_S3_ACCESS_DENIED',
    'input',
    (d: { bucket: string; action: string; reason: string }) =>
      `S3 refuses ${d.action} on bucket "${d.bucket}" (${d.reason}). Give these credentials ${d.action} on it, and kms:Decrypt where the objects are encrypted with a key of yours.`,
  ),
  s3Unreachable: declareError(
    'WHOHAD_S3_UNREACHABLE',
    'unreachable',
    (d: { bucket: string; endpoint: string; reason: string }) =>
      `Cannot reach S3 for bucket "${d.bucket}" at ${d.endpoint}: ${d.reason}. Check the endpoint, the region and the network; it is tried again at the next pass.`,
    true,
  ),
  s3Failed: declareError(
    'WHOHAD_S3_FAILED',
    'failure',
    (d: { bucket: string; action: string; reason: string }) =>
      `S3 failed ${d.action} on bucket "${d.bucket}": ${d.reason}. It is tried again at the next pass; if it stays, look the error's name up in the S3 documentation.`,
  ),
} as const
