import { declareError } from '../runtime/errors.ts'

export const cliErrors = {
  configUnreadable: declareError(
    'WHOHAD_CONFIG_UNREADABLE',
    'usage',
    (d: { path: string; reason: string }) =>
      `Cannot read the configuration file ${d.path}: ${d.reason}. Mend the file, or name another with --config.`,
  ),
  configInvalid: declareError(
    'WHOHAD_CONFIG_INVALID',
    'usage',
    (d: { complaints: readonly string[] }) =>
      `The configuration has ${d.complaints.length === 1 ? 'one fault' : `${d.complaints.length} faults`}: ${d.complaints.join('; ')}. Every key is described in docs/configuration.md.`,
  ),
  configNotWritten: declareError(
    'WHOHAD_CONFIG_NOT_WRITTEN',
    'usage',
    (d: { path: string; reason: string }) =>
      `Cannot write the configuration file ${d.path}: ${d.reason}. Name another file, or move this one away.`,
  ),
  domainRulesInvalid: declareError(
    'WHOHAD_DOMAIN_RULES_INVALID',
    'usage',
    (d: { from: string; complaints: readonly string[] }) =>
      `Cannot take the domain rules (${d.from}): ${d.complaints.join('; ')}. Give a YAML or JSON file with a list of rules as under "domains" in docs/configuration.md, or the list itself: --domain-rules '[{domain: prod, account: "123456789012"}]'.`,
  ),
  storeOfAnotherStream: declareError(
    'WHOHAD_STORE_OF_ANOTHER_STREAM',
    'state',
    (d: { partition: number; offset: number; found: string }) =>
      `The store was filled from another change stream: of partition ${d.partition} it has a record at offset ${d.offset}, but of this stream ${d.found}. New records would be taken for stored ones. Name the database that belongs to this stream (clickhouse.database), or an empty one, which is then filled from the stream.`,
  ),
  usage: declareError(
    'WHOHAD_USAGE',
    'usage',
    (d: { message: string }) => `${d.message} Run "whohad --help" for the commands and examples.`,
  ),
  serverRefused: declareError(
    'WHOHAD_SERVER_REFUSED',
    'failure',
    (d: { url: string; detail: string }) => `The server at ${d.url} did not answer the question: ${d.detail}`,
  ),
  serverUnreachable: declareError(
    'WHOHAD_SERVER_UNREACHABLE',
    'unreachable',
    (d: { url: string; reason: string }) =>
      `No whohad server answers at ${d.url}: ${d.reason}. Start one with "whohad up", or leave --url away to ask the data folder.`,
  ),
  nothingKnown: declareError(
    'WHOHAD_NOTHING_KNOWN',
    'state',
    (d: { path: string }) =>
      `There is no change stream in ${d.path} yet, so there is nothing to answer from. Run "whohad demo" or "whohad up" first, or name another folder with --data.`,
  ),
  noFlows: declareError(
    'WHOHAD_NO_FLOWS',
    'state',
    (d: { path: string }) =>
      `No flow logs were attributed into ${d.path}: it holds no store. Ask a server with --url, or name the folder of a "whohad up" that reads flow logs with --data.`,
  ),
  historyOutOfReach: declareError(
    'WHOHAD_HISTORY_OUT_OF_REACH',
    'state',
    (d: { where: string; before: readonly number[]; reason: string }) =>
      `${d.where} begins at offset ${d.before.join(', ')} by partition, as retention has removed what was before, and that cannot be read from the store: ${d.reason}. An answer from the rest alone could be wrong. Name the store with clickhouse.url, or ask a running whohad with --url.`,
  ),
  bundleWithoutPast: declareError(
    'WHOHAD_BUNDLE_WITHOUT_PAST',
    'usage',
    (d: { claims: string }) =>
      `The ownership bundle ${d.claims} has what was known when it was made, and nothing of what was known at earlier moments. Leave --claims out to ask the change stream itself (--data), ask a server with --url, or leave --as-of out.`,
  ),
  pastOutOfReach: declareError(
    'WHOHAD_PAST_OUT_OF_REACH',
    'state',
    (d: { asOf: string; reason: string }) =>
      `The change stream no longer tells what was known as of ${d.asOf}: retention has let go of a part of it since. The store has it, and cannot be asked: ${d.reason}. Ask the running whohad with --url, stop it and ask again, or name a later moment.`,
  ),
  exportFileExists: declareError(
    'WHOHAD_EXPORT_FILE_EXISTS',
    'usage',
    (d: { file: string }) =>
      `${d.file} is there already, and an export replaces nothing. Name another file with --out, or move this one away.`,
  ),
  exportNotWritten: declareError(
    'WHOHAD_EXPORT_NOT_WRITTEN',
    'failure',
    (d: { file: string; reason: string }) =>
      `Cannot write the export ${d.file}: ${d.reason}. Nothing is left of it. Make room, let this process write there, or name another place with --out.`,
  ),
  nothingToAccept: declareError(
    'WHOHAD_NOTHING_TO_ACCEPT',
    'state',
    (d: { source: string; why: string }) =>
      `There is nothing of ${d.source} to accept: ${d.why}. Only a listing that came whole and was refused by a guard can be; "whohad doctor" says why a poll was refused.`,
  ),
  sourceUnknown: declareError(
    'WHOHAD_SOURCE_UNKNOWN',
    'state',
    (d: { source: string }) =>
      `The change stream has no source "${d.source}". "whohad sources list" prints the names of all.`,
  ),
  demoFolderInUse: declareError(
    'WHOHAD_DEMO_FOLDER_IN_USE',
    'usage',
    (d: { path: string }) =>
      `The demo needs an empty folder, and ${d.path} holds something else or is in use by another whohad. Name another folder with --data, or end the other one.`,
  ),
} as const
