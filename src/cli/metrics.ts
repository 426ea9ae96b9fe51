import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** Every metric of whohad, with its help text; docs/metrics.md explains each, and `npm run check` compares the two. */
export function createMetrics(version: string) {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Counter({ name, help, labelNames: [...labelNames], registers })
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge({ name, help, labelNames: [...labelNames], registers })
  const histogram = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    buckets: number[],
  ) => new Histogram({ name, help, labelNames: [...labelNames], buckets, registers })

  gauge('whohad_build_info', 'Always 1; the version is a label.', ['version']).set({ version }, 1)
  return {
    registry,
    polls: counter('whohad_polls_total', 'Polls, by source and by whether they counted.', ['source', 'result']),
    pollRefusals: counter('whohad_poll_refusals_total', 'Polls that did not count, by reason.', ['source', 'reason']),
    pollSeconds: histogram(
      'whohad_poll_duration_seconds',
      'Time of a complete poll.',
      ['source'],
      [0.1, 0.5, 1, 2, 5, 10, 30, 60],
    ),
    addresses: gauge('whohad_poll_addresses', 'Bindings that the last complete poll showed.', ['source']),
    claimChanges: counter('whohad_claim_changes_total', 'Claims that polls opened or revised.', ['source']),
    looks: counter('whohad_looks_total', 'Looks between polls, by source and by what came of them.', [
      'source',
      'result',
    ]),
    lookTurns: counter(
      'whohad_look_claim_turns_total',
      'Claims that looks between polls opened, closed or found missing.',
      ['source'],
    ),
    ec2Requests: counter('whohad_ec2_requests_total', 'Requests to EC2, by action and by what became of them.', [
      'source',
      'action',
      'result',
    ]),
    ec2WaitSeconds: counter('whohad_ec2_budget_wait_seconds_total', 'Time that requests waited for the budget.', [
      'source',
      'action',
    ]),
    ec2Hedges: counter(
      'whohad_ec2_hedged_pages_total',
      'Slow pages that were asked for twice, by the copy that came.',
      ['source', 'action', 'winner'],
    ),
    ec2RenewalFailures: counter(
      'whohad_ec2_credential_renewal_failures_total',
      'Times that credentials could not be renewed before they expire.',
      ['source'],
    ),
    statedTimeContradictions: counter(
      'whohad_stated_time_contradictions_total',
      'Stated times that the polls refute, by source and edge.',
      ['source', 'edge'],
    ),
    watermark: gauge('whohad_source_watermark_timestamp_seconds', 'Everything before it is in the claims.', ['source']),
    clocksAhead: counter('whohad_source_clock_ahead_total', 'Polls that vouch for a time ahead of our clock.', [
      'source',
    ]),
    domainOverlaps: gauge('whohad_domain_overlaps', 'Pairs of VPC blocks that overlap within one routing domain.'),
    publishFailures: counter(
      'whohad_publish_failures_total',
      'Polls and looks whose changes the change stream did not take.',
      ['source'],
    ),
    leads: gauge('whohad_poller_leads', '1 where this process polls the source, 0 where it stands by.', ['source']),
    takeovers: counter('whohad_poller_takeovers_total', 'Times that this process took a source over.', ['source']),
    fencedWrites: counter('whohad_fenced_writes_total', 'Records of a replaced poller that were kept out.', ['source']),
    streamDeadLetters: counter(
      'whohad_stream_dead_letters_total',
      'Records of the change stream that could not be read.',
    ),
    oldClaims: counter('whohad_stream_old_claims_total', 'Claims of a time that is let go of, which were not taken.', [
      'source',
    ]),
    retentionRuns: counter('whohad_retention_runs_total', 'Times that history was, or failed to be, let go of.', [
      'result',
    ]),
    storeGaps: counter('whohad_store_gaps_total', 'Times that the store was found to lack changes for good.'),
    checkpoints: counter('whohad_checkpoints_total', 'Checkpoints of the index, by what became of them.', ['result']),
    checkpointBytes: gauge('whohad_checkpoint_bytes', 'Size of the checkpoint that was written last.'),
    schemaRegistrySilences: counter(
      'whohad_schema_registry_silences_total',
      'Requests for a schema that the schema registry did not answer, while reading waited.',
    ),
    kafkaWarnings: counter('whohad_kafka_client_messages_total', 'Warnings and errors of the Kafka client.', ['level']),
    kafkaRestarts: counter('whohad_kafka_reader_restarts_total', 'Readers that began again where they were.'),
    kafkaFaults: counter('whohad_kafka_client_faults_total', 'Known faults of the Kafka client that were met.', [
      'fault',
    ]),
    kafkaTopicDoubts: counter(
      'whohad_kafka_topic_doubts_total',
      'Settings of the topic that endanger history, as found at start.',
      ['setting'],
    ),
    storedRows: counter('whohad_store_rows_total', 'Rows inserted, by table.', ['table']),
    insertSeconds: histogram(
      'whohad_store_insert_duration_seconds',
      'Time of one insert.',
      ['table'],
      [0.01, 0.05, 0.1, 0.5, 1, 5, 30],
    ),
    storeRetries: counter('whohad_store_retries_total', 'Statements that were tried again.'),
    objects: counter('whohad_objects_total', 'Flow log objects, by what became of them.', ['result']),
    flows: counter('whohad_flow_records_total', 'Flow records that were attributed.'),
    linesLeftOut: counter('whohad_flow_lines_left_out_total', 'Lines that are no flow records, by reason.', ['reason']),
    correctedFlows: counter('whohad_corrected_flows_total', 'Flow records that were answered otherwise later.'),
    flowSightings: counter('whohad_flow_sightings_total', 'Open windows of claims that flow logs made narrower.'),
    correctedBytes: counter('whohad_corrected_bytes_total', 'Bytes that corrections moved from one answer to another.'),
    objectsWaiting: gauge('whohad_objects_waiting', 'Objects that wait for the watermark.', ['bucket']),
    objectsWaitingForSource: gauge(
      'whohad_source_objects_waiting',
      'Objects that wait for a source, by the bucket that they are in.',
      ['bucket', 'source'],
    ),
    holdsBack: gauge(
      'whohad_source_holds_back',
      '1 where objects wait for a source that has told nothing for longer than it declares.',
      ['bucket', 'source'],
    ),
    listFailures: counter('whohad_object_listing_failures_total', 'Listings of flow log objects that broke off.'),
    objectMessages: counter(
      'whohad_object_messages_total',
      'Messages of queues and topics that name flow log objects, by what became of them.',
      ['place', 'result'],
    ),
    objectMessagesWaiting: gauge(
      'whohad_object_messages_waiting',
      'Messages that this process has, with objects that are not done.',
      ['place'],
    ),
    requests: histogram(
      'whohad_http_request_duration_seconds',
      'HTTP requests, by route pattern and status.',
      ['method', 'route', 'status'],
      [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1],
    ),
    refusedRequests: counter('whohad_http_refused_requests_total', 'Requests that were kept out, by reason.', [
      'reason',
    ]),
    certificateExpires: gauge('whohad_tls_certificate_expires_seconds', 'When the certificate of the API ends.'),
    defects: counter('whohad_http_defects_total', 'Requests that failed by our own fault.'),
    answerThreadDeaths: counter(
      'whohad_answer_thread_deaths_total',
      'Threads for long requests that ended on their own.',
    ),
  }
}

export type Metrics = ReturnType<typeof createMetrics>
