import { declareError } from '../runtime/errors.ts'

const restore = 'Restore it from a backup, or move the folder away to start anew (history before now is then lost).'

export const changestreamErrors = {
  recordUnencodable: declareError(
    'WHOHAD_STREAM_RECORD_UNENCODABLE',
    'failure',
    (d: { record: string; key: string; reason: string }) =>
      `A ${d.record} record of "${d.key}" does not fit its Avro schema: ${d.reason}. This is a defect of the program that made it; nothing of its batch was written.`,
  ),
  recordTooLarge: declareError(
    'WHOHAD_STREAM_RECORD_TOO_LARGE',
    'failure',
    (d: { record: string; key: string; bytes: number; largest: number }) =>
      `A ${d.record} record of "${d.key}" has ${d.bytes} bytes; readers take ${d.largest} at most. Nothing of its batch was written. See what makes it so large: owners without number, or labels of megabytes.`,
  ),
  schemaUnreadable: declareError(
    'WHOHAD_STREAM_SCHEMA_UNREADABLE',
    'state',
    (d: { file: string; reason: string }) =>
      `Cannot read the Avro schema ${d.file}: ${d.reason}. Correct kafka.schemaFolder where that names it; else it belongs to the package: install whohad again.`,
  ),
  registryUnreachable: declareError(
    'WHOHAD_SCHEMA_REGISTRY_UNREACHABLE',
    'unreachable',
    (d: { url: string; reason: string }) =>
      `No answer from the schema registry at ${d.url}: ${d.reason}. Start it, or correct kafka.schemaRegistryUrl (WHOHAD_KAFKA__SCHEMA_REGISTRY_URL); without that setting records are written in single-object encoding, which needs no registry.`,
    true,
  ),
  registryLoginRefused: declareError(
    'WHOHAD_SCHEMA_REGISTRY_LOGIN_REFUSED',
    'unreachable',
    (d: { url: string; doing: string; status: number; reason: string }) =>
      `The schema registry at ${d.url} does not let us ${d.doing} (${d.status}): ${d.reason}. Check kafka.schemaRegistryUsername and its password, and that this user may read and write the subjects of the topic.`,
  ),
  registryIncompatible: declareError(
    'WHOHAD_SCHEMA_REGISTRY_INCOMPATIBLE',
    'state',
    (d: { url: string; subject: string; reason: string }) =>
      `The schema registry at ${d.url} refuses our schema for "${d.subject}" as incompatible with an earlier one: ${d.reason}. Nothing was written. If the subject holds a schema that is not whohad's, take another topic; if a newer whohad registered it, take that version here; else compare both with schemas/history.`,
  ),
  registryFailed: declareError(
    'WHOHAD_SCHEMA_REGISTRY_FAILED',
    'failure',
    (d: { url: string; doing: string; reason: string }) =>
      `The schema registry at ${d.url} did not ${d.doing}: ${d.reason}. See that kafka.schemaRegistryUrl is the root of its REST API, and see the registry's log.`,
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
  folderUnusable: declareError(
    'WHOHAD_STREAM_FOLDER_UNUSABLE',
    'state',
    (d: { folder: string; reason: string }) =>
      `Cannot use ${d.folder} for the change stream: ${d.reason}. Let this process create and write files there, or give it another folder with data.path (WHOHAD_DATA__PATH).`,
  ),
  writeFailed: declareError(
    'WHOHAD_STREAM_WRITE_FAILED',
    'failure',
    (d: { file: string; reason: string }) =>
      `Cannot write the change stream's ${d.file}: ${d.reason}. Nothing of this append is visible to readers. Free disk space, and the next append goes on by itself; if the disk itself fails, mend it and start again.`,
  ),
  positionGone: declareError(
    'WHOHAD_STREAM_POSITION_GONE',
    'state',
    (d: { partition: number; offset: number; first: number; end: number }) =>
      `Offset ${d.offset} of partition ${d.partition} is no longer in the change stream, which has ${d.first} up to ${d.end}. Start over from the store or from the log's beginning; going on from here would skip records.`,
  ),
  carriedUnreadable: declareError(
    'WHOHAD_STREAM_CARRIED_UNREADABLE',
    'state',
    (d: { topic: string; reason: string }) =>
      `What outlived retention cannot be read from Kafka topic "${d.topic}": ${d.reason}. If a newer whohad wrote it, take that version here. If records were deleted there, restore the topic from a backup, or delete it: what the change stream has let go of is then read from the store, where the store has it.`,
  ),
  historyGone: declareError(
    'WHOHAD_STREAM_HISTORY_GONE',
    'state',
    (d: { partition: number; from: number; until: number }) =>
      `The records from offset ${d.from} up to ${d.until} of partition ${d.partition} are neither in the change stream nor in the store: retention removed them before the store had them. Restore the store, or the topic, from a backup. To start anew without that history, move the store's database and the data folder away; answers about those times are then unknown.`,
  ),
  otherStream: declareError(
    'WHOHAD_CHECKPOINT_OF_ANOTHER_STREAM',
    'state',
    (d: { partition: number; offset: number; readMs: number; isMs: number }) =>
      `The checkpoint in data.path does not belong to this change stream: at offset ${d.offset} of partition ${d.partition} it read a record of ${new Date(d.readMs).toISOString()}, and there is one of ${new Date(d.isMs).toISOString()}. Correct kafka.topic or data.path; where the stream was made anew, delete the checkpoint, and the stream is read from its beginning.`,
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
  kafkaBrokerUnsupported: declareError(
    'WHOHAD_KAFKA_BROKER_UNSUPPORTED',
    'state',
    (d: { broker: string; age: 'new' | 'old'; api: string; offers: string; needs: string }) =>
      `The Kafka broker ${d.broker} is too ${d.age} for the built-in client: of ${d.api} it offers ${d.offers}, and the client speaks ${d.needs}. ${
        d.age === 'new'
          ? 'Take a newer whohad, or a broker of a release that docs/change-stream.md names.'
          : 'Take Kafka 2.3 or newer.'
      }`,
  ),
  kafkaClientUnknown: declareError(
    'WHOHAD_KAFKA_CLIENT_UNKNOWN',
    'state',
    (d: { version: string; known: string }) =>
      `The Kafka client kafkajs is ${d.version} here, and whohad knows ${d.known} only. Install whohad with its own package-lock.json (npm ci).`,
  ),
  kafkaInsecure: declareError(
    'WHOHAD_KAFKA_INSECURE',
    'usage',
    (d: { brokers: readonly string[] }) =>
      `kafka.tls is false, but ${d.brokers.join(', ')} ${d.brokers.length === 1 ? 'is' : 'are'} not on loopback: who held what, and the login, would cross the network readable. Set kafka.tls to true, or kafka.insecure to true (WHOHAD_KAFKA__INSECURE) where the network itself is trusted.`,
  ),
  kafkaFileUnreadable: declareError(
    'WHOHAD_KAFKA_FILE_UNREADABLE',
    'usage',
    (d: { key: string; file: string; reason: string }) =>
      `Cannot use the file ${d.file}, which ${d.key} names: ${d.reason}. Correct ${d.key}, or let this process read the file.`,
  ),
  kafkaTlsFailed: declareError(
    'WHOHAD_KAFKA_TLS_FAILED',
    'unreachable',
    (d: { brokers: readonly string[]; reason: string }) =>
      `No TLS connection to Kafka at ${d.brokers.join(', ')}: ${d.reason}. Check kafka.tls, kafka.tlsCaFile (who signed the brokers' certificates), kafka.tlsCertFile and kafka.tlsKeyFile (where they ask for ours), and that the certificate names the host in kafka.brokers.`,
  ),
  kafkaLoginRefused: declareError(
    'WHOHAD_KAFKA_LOGIN_REFUSED',
    'unreachable',
    (d: { brokers: readonly string[]; mechanism: string; reason: string }) =>
      `Kafka at ${d.brokers.join(', ')} refused the login with ${d.mechanism}: ${d.reason}. Check kafka.saslMechanism, and the user, password, token client or IAM role that go with it.`,
  ),
  kafkaTokenUnavailable: declareError(
    'WHOHAD_KAFKA_TOKEN_UNAVAILABLE',
    'unreachable',
    (d: { url: string; reason: string }) =>
      `The token endpoint ${d.url} gave no token for Kafka: ${d.reason}. Check kafka.oauthTokenUrl, kafka.oauthClientId, kafka.oauthClientSecretFile and kafka.oauthScope.`,
    true,
  ),
  kafkaCredentialsUnavailable: declareError(
    'WHOHAD_KAFKA_CREDENTIALS_UNAVAILABLE',
    'unreachable',
    (d: { region: string; reason: string }) =>
      `There are no AWS credentials to sign a token for Kafka in ${d.region}: ${d.reason}. Give this process a role, a profile (AWS_PROFILE) or keys (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), as for any AWS client.`,
    true,
  ),
  kafkaTopicMissing: declareError(
    'WHOHAD_KAFKA_TOPIC_MISSING',
    'state',
    (d: { topic: string }) =>
      `There is no Kafka topic "${d.topic}", or this user may not see it, so there is nothing to read; reading makes none. Name the right one with kafka.topic, or run "whohad up", which makes it.`,
  ),
  kafkaSharedTopicMissing: declareError(
    'WHOHAD_KAFKA_SHARED_TOPIC_MISSING',
    'state',
    (d: { topic: string }) =>
      `There is no Kafka topic "${d.topic}", or this user may not see it, so no names of flow log objects come from it; reading makes none. Make the topic, or correct flowLogs[].topic; it is looked for again at the next pass.`,
    true,
  ),
  kafkaTopicGone: declareError(
    'WHOHAD_KAFKA_TOPIC_GONE',
    'state',
    (d: { topic: string; brokers: readonly string[] }) =>
      `Kafka topic "${d.topic}" is no longer on ${d.brokers.join(', ')}: it was deleted while whohad was at work, or the right to see it was taken away. Find out who did it; a start of whohad makes the topic anew, empty, and the history is then in the store only.`,
  ),
  kafkaCompressionUnreadable: declareError(
    'WHOHAD_KAFKA_COMPRESSION_UNREADABLE',
    'state',
    (d: { topic: string; reason: string }) =>
      `Kafka topic "${d.topic}" holds records whose compression this whohad cannot undo: ${d.reason}. It reads gzip and uncompressed ones. Let other writers use these, and set the topic's compression.type to producer; what is written cannot be passed over without losing history.`,
  ),
  kafkaReaderStalled: declareError(
    'WHOHAD_KAFKA_READER_STALLED',
    'failure',
    (d: { topic: string; partition: number; offset: number; end: number; seconds: number }) =>
      `The broker gives no record from offset ${d.offset} of partition ${d.partition} of topic "${d.topic}", though it goes up to ${d.end}: nothing came for ${d.seconds} s, seeking and a new consumer did not help. See the broker's log, and restart whohad.`,
  ),
} as const
