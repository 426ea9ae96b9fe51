import { declareError } from '../runtime/errors.ts'

const restore = 'Restore it from a backup, or move the folder away to start anew (history before now is then lost).'

export const changestreamErrors = {
  recordUnencodable: declareError(
    'WHOHAD_STREAM_RECORD_UNENCODABLE',
    'failure',
    (d: { record: string; key: string; reason: string }) =>
      `A ${d.record} record of "${d.key}" does not fit its Avro schema: ${d.reason}. This is a defect of the program that made it; nothing of its batch was written.`,
  ),
  schemaUnreadable: declareError(
    'WHOHAD_STREAM_SCHEMA_UNREADABLE',
    'state',
    (d: { file: string; reason: string }) =>
      `Cannot read the Avro schema ${d.file}: ${d.reason}. It belongs to the package; install whohad again.`,
  ),
  closed: declareError(
    'WHOHAD_STREAM_CLOSED',
    'state',
    (d: { where: string }) => `The change stream at ${d.where} has been closed; open it again to read or append.`,
  ),
  segmentMissing: declareError(
    'WHOHAD_STREAM_SEGMENT_MISSING',
    'state',
    (d: { file: string; folder: string }) =>
      `The change stream's segment ${d.file} is listed in manifest.json but is not in ${d.folder}. ${restore}`,
  ),
  segmentDamaged: declareError(
    'WHOHAD_STREAM_SEGMENT_DAMAGED',
    'state',
    (d: { file: string; reason: string }) =>
      `The change stream's segment ${d.file} is damaged: ${d.reason}. ${restore}`,
  ),
  manifestDamaged: declareError(
    'WHOHAD_STREAM_MANIFEST_DAMAGED',
    'state',
    (d: { file: string; reason: string }) => `The change stream's ${d.file} is damaged: ${d.reason}. ${restore}`,
  ),
  locked: declareError(
    'WHOHAD_STREAM_LOCKED',
    'state',
    (d: { folder: string; pid: number }) =>
      `The change stream in ${d.folder} is in use by process ${d.pid}. Stop that process, or give this one another folder with data.path (WHOHAD_DATA__PATH).`,
  ),
  writeFailed: declareError(
    'WHOHAD_STREAM_WRITE_FAILED',
    'failure',
    (d: { file: string; reason: string }) =>
      `Cannot write the change stream's ${d.file}: ${d.reason}. Nothing of this append is visible to readers. Free disk space or mend the disk, then start again.`,
  ),
  positionGone: declareError(
    'WHOHAD_STREAM_POSITION_GONE',
    'state',
    (d: { partition: number; offset: number; first: number; end: number }) =>
      `Offset ${d.offset} of partition ${d.partition} is no longer in the change stream, which has ${d.first} up to ${d.end}. Start over from the store or from the log's beginning; going on from here would skip records.`,
  ),
  kafkaUnreachable: declareError(
    'WHOHAD_KAFKA_UNREACHABLE',
    'unreachable',
    (d: { brokers: readonly string[]; reason: string }) =>
      `No Kafka broker answers at ${d.brokers.join(', ')}: ${d.reason}. Start one, or correct kafka.brokers (WHOHAD_KAFKA__BROKERS).`,
    true,
  ),
  kafkaTopicUnsuitable: declareError(
    'WHOHAD_KAFKA_TOPIC_UNSUITABLE',
    'state',
    (d: { topic: string; setting: string; is: string; wanted: string; mend: string }) =>
      `Kafka topic "${d.topic}" has ${d.setting} ${d.is}, but whohad needs ${d.wanted}. ${d.mend}`,
  ),
  kafkaFailed: declareError(
    'WHOHAD_KAFKA_FAILED',
    'failure',
    (d: { doing: string; topic: string; brokers: readonly string[]; reason: string }) =>
      `Kafka refused to ${d.doing} topic "${d.topic}" on ${d.brokers.join(', ')}: ${d.reason}. See the broker's log; what was not acknowledged is sent again after a restart.`,
  ),
} as const
