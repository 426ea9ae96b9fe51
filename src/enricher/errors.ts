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
  flowColumnsMissing: declareError(
    'WHOHAD_FLOW_COLUMNS_MISSING',
    'input',
    (d: { name: string; columns: readonly string[] }) =>
      `No column of the Parquet file ${d.name} is a flow log field; it has ${d.columns.slice(0, 10).join(', ') || 'none that holds one value a row'}. Give a flow log as AWS writes it (columns srcaddr, dstaddr, start, end …), or rename the columns so.`,
  ),
  alreadyAnnotated: declareError(
    'WHOHAD_ALREADY_ANNOTATED',
    'input',
    (d: { column: string }) =>
      `The input has a column ${d.column} already, as an annotated output has. Give the flow log that it was made of.`,
  ),
  outputColumnsChanged: declareError(
    'WHOHAD_OUTPUT_COLUMNS_CHANGED',
    'input',
    (d: { column: string }) =>
      `The fields of the input change on the way (from ${d.column} on), and this form of output has the same columns throughout. Write it as text or ndjson, or take the input apart where a new header stands.`,
  ),
  outputNotWritten: declareError(
    'WHOHAD_OUTPUT_NOT_WRITTEN',
    'failure',
    (d: { path: string; reason: string }) =>
      `Cannot write ${d.path}: ${d.reason}. Nothing is left of it; make room or give another place, and start again.`,
  ),
  outputNameTaken: declareError(
    'WHOHAD_OUTPUT_NAME_TAKEN',
    'usage',
    (d: { path: string; input: string; other: string }) =>
      `${d.path} would be written for ${d.input}, but ${d.other}. Nothing was written. Give --out another folder, or annotate the inputs in two runs with a folder each.`,
  ),
  outputAmongInputs: declareError(
    'WHOHAD_OUTPUT_AMONG_INPUTS',
    'usage',
    (d: { folder: string; input: string }) =>
      `What is written into ${d.folder} would lie within the input "${d.input}", and the next run would take it for flow logs. Nothing was written. Give --out a folder beside the inputs, or a pattern that leaves it out.`,
  ),
  flowFileUnreadable: declareError(
    'WHOHAD_FLOW_FILE_UNREADABLE',
    'input',
    (d: { path: string; reason: string }) =>
      `Cannot read ${d.path}: ${d.reason}. Check the path and its permissions; "-" stands for standard input.`,
  ),
  workerDied: declareError(
    'WHOHAD_WORKER_DIED',
    'failure',
    (d: { reason: string }) =>
      `The thread that was at this object ended before it was done: ${d.reason}. The other objects go on. Run it again; if the same object ends it again, give the process more memory or fewer threads, and report the object.`,
    true,
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
  sqsQueueMissing: declareError(
    'WHOHAD_SQS_QUEUE_MISSING',
    'input',
    (d: { queue: string }) =>
      `There is no queue ${d.queue} for us. Check flowLogs[].queueUrl: the whole URL as SQS shows it, in the queue's own region and account.`,
  ),
  sqsAccessDenied: declareError(
    'WHOHAD_SQS_ACCESS_DENIED',
    'input',
    (d: { queue: string; action: string; reason: string }) =>
      `SQS refuses ${d.action} on ${d.queue} (${d.reason}). Give these credentials sqs:ReceiveMessage, sqs:ChangeMessageVisibility and sqs:DeleteMessage on it, and kms:Decrypt where the queue is encrypted with a key of yours.`,
  ),
  sqsUnreachable: declareError(
    'WHOHAD_SQS_UNREACHABLE',
    'unreachable',
    (d: { queue: string; reason: string }) =>
      `Cannot reach SQS for ${d.queue}: ${d.reason}. Check flowLogs[].queueUrl and the network; it is tried again at the next pass, and the messages stay in the queue.`,
    true,
  ),
  sqsFailed: declareError(
    'WHOHAD_SQS_FAILED',
    'failure',
    (d: { queue: string; action: string; reason: string }) =>
      `SQS failed ${d.action} on ${d.queue}: ${d.reason}. It is tried again at the next pass; if it stays, look the error's name up in the SQS documentation.`,
  ),
} as const
