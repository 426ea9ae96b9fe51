-- Statements are parted by lines that say "-- statement". Each must be harmless to repeat: a migration that was cut off is
-- run again from its start. Times are integers in the unit of their name; columns without a unit show them to people.

-- Every revision of every claim, as logged. Infinite bounds are NULL: an earliest one is then minus, a latest one plus infinity.
CREATE TABLE IF NOT EXISTS claims
(
    claim_id String,
    revision_epoch Int64,
    revision_sequence Int64,
    domain LowCardinality(String),
    prefix String,
    first_port Nullable(Int32),
    last_port Nullable(Int32),
    layer LowCardinality(String),
    source LowCardinality(String),
    application LowCardinality(String) COMMENT 'of the first owner, as the next columns, and empty where not known',
    cluster LowCardinality(String),
    stack LowCardinality(String),
    detail LowCardinality(String),
    kind LowCardinality(String),
    resource_id String,
    account LowCardinality(String),
    region LowCardinality(String),
    zone LowCardinality(String),
    vpc LowCardinality(String),
    subnet LowCardinality(String),
    eni String,
    host String,
    team LowCardinality(String),
    owner_count Int32,
    owners String COMMENT 'all owners whole, as JSON',
    lifetime_id Nullable(String),
    start_earliest_ms Nullable(Int64),
    start_latest_ms Nullable(Int64),
    end_earliest_ms Nullable(Int64),
    end_latest_ms Nullable(Int64),
    last_sighting_ms Nullable(Int64),
    evidence LowCardinality(String),
    state LowCardinality(String),
    expects Array(String),
    whole Bool,
    stream_partition Int32,
    stream_offset Int64,
    logged_at_ms Int64,
    start_earliest Nullable(DateTime64(3, 'UTC')) ALIAS fromUnixTimestamp64Milli(start_earliest_ms, 'UTC'),
    start_latest Nullable(DateTime64(3, 'UTC')) ALIAS fromUnixTimestamp64Milli(start_latest_ms, 'UTC'),
    end_earliest Nullable(DateTime64(3, 'UTC')) ALIAS fromUnixTimestamp64Milli(end_earliest_ms, 'UTC'),
    end_latest Nullable(DateTime64(3, 'UTC')) ALIAS fromUnixTimestamp64Milli(end_latest_ms, 'UTC'),
    last_sighting Nullable(DateTime64(3, 'UTC')) ALIAS fromUnixTimestamp64Milli(last_sighting_ms, 'UTC'),
    logged_at DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(logged_at_ms, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (domain, prefix, claim_id, revision_epoch, revision_sequence, stream_partition, stream_offset)

-- statement
-- Every registration, change and removal of a source, as logged.
CREATE TABLE IF NOT EXISTS sources
(
    source String,
    revision_epoch Int64,
    revision_sequence Int64,
    kind LowCardinality(String),
    scope String COMMENT 'JSON',
    lag_ms Int64,
    clock_error_ms Int64,
    bridge_ms Nullable(Int64),
    briefest_holding_ms Int64,
    longest_gap_ms Nullable(Int64),
    valid_from_ms Nullable(Int64),
    valid_until_ms Nullable(Int64),
    stream_partition Int32,
    stream_offset Int64,
    logged_at_ms Int64,
    valid_from Nullable(DateTime64(3, 'UTC')) ALIAS fromUnixTimestamp64Milli(valid_from_ms, 'UTC'),
    valid_until Nullable(DateTime64(3, 'UTC')) ALIAS fromUnixTimestamp64Milli(valid_until_ms, 'UTC'),
    logged_at DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(logged_at_ms, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (source, revision_epoch, revision_sequence, stream_partition, stream_offset)

-- statement
-- One row per poll: what it vouches for, or why it was refused.
CREATE TABLE IF NOT EXISTS coverage
(
    source LowCardinality(String),
    revision_epoch Int64,
    revision_sequence Int64,
    complete_up_to_ms Nullable(Int64),
    over_at_ms Nullable(Int64),
    addresses Int64,
    changed Int64,
    refused_reason LowCardinality(String) COMMENT 'empty where the poll counts',
    refused_detail String,
    stream_partition Int32,
    stream_offset Int64,
    logged_at_ms Int64,
    complete_up_to Nullable(DateTime64(3, 'UTC')) ALIAS fromUnixTimestamp64Milli(complete_up_to_ms, 'UTC'),
    logged_at DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(logged_at_ms, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (source, revision_epoch, revision_sequence, stream_partition, stream_offset)

-- statement
-- Below before_ms a domain's history is gone.
CREATE TABLE IF NOT EXISTS horizons
(
    domain LowCardinality(String),
    before_ms Nullable(Int64),
    stream_partition Int32,
    stream_offset Int64,
    logged_at_ms Int64,
    before Nullable(DateTime64(3, 'UTC')) ALIAS fromUnixTimestamp64Milli(before_ms, 'UTC'),
    logged_at DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(logged_at_ms, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (domain, stream_partition, stream_offset)

-- statement
-- How far each partition of the change stream is stored. Written after the rows of all four tables above, so that a crash
-- between two tables makes the reader repeat, never skip.
CREATE TABLE IF NOT EXISTS stream_positions
(
    stream_partition Int32,
    end_offset Int64
)
ENGINE = ReplacingMergeTree
ORDER BY (stream_partition, end_offset)

-- statement
-- Manifests of flow log objects. A committed generation stays committed, in whatever order its rows arrive.
CREATE TABLE IF NOT EXISTS objects
(
    object_id String,
    bucket LowCardinality(String),
    key String,
    etag String,
    generation Int64,
    state LowCardinality(String),
    position String COMMENT 'offset of the change stream by partition, as a JSON array',
    records Int64,
    skipped Int64,
    dead_letters Int64,
    updated_at_ms Int64,
    version UInt64 MATERIALIZED toUInt64(greatest(updated_at_ms, 0)) + if(state = 'committed', 4503599627370496, 0),
    updated_at DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(updated_at_ms, 'UTC')
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (object_id, generation)

-- statement
-- Flow records with both ends answered. A row's identity is (object_id, record, generation); the hour before it in the
-- order is a function of the same record, and lets dashboards read only the time they show.
CREATE TABLE IF NOT EXISTS flows
(
    object_id String,
    record Int64,
    generation Int64,
    start_seconds Int64 CODEC(DoubleDelta, LZ4),
    end_seconds Int64 CODEC(DoubleDelta, LZ4),
    account LowCardinality(String),
    interface_id LowCardinality(String),
    vpc LowCardinality(String),
    protocol Int32,
    packets Int64,
    bytes Int64,
    action LowCardinality(String),
    direction LowCardinality(String),
    interface_source String,
    interface_destination String,
    src_ip String,
    src_port Int32,
    src_domain LowCardinality(String),
    src_state LowCardinality(String),
    src_reason LowCardinality(String),
    src_app LowCardinality(String),
    src_resource String,
    src_cluster LowCardinality(String),
    src_account LowCardinality(String),
    src_region LowCardinality(String),
    src_zone LowCardinality(String),
    src_layer LowCardinality(String),
    src_claim String,
    src_candidates Array(String),
    src_service LowCardinality(String),
    dst_ip String,
    dst_port Int32,
    dst_domain LowCardinality(String),
    dst_state LowCardinality(String),
    dst_reason LowCardinality(String),
    dst_app LowCardinality(String),
    dst_resource String,
    dst_cluster LowCardinality(String),
    dst_account LowCardinality(String),
    dst_region LowCardinality(String),
    dst_zone LowCardinality(String),
    dst_layer LowCardinality(String),
    dst_claim String,
    dst_candidates Array(String),
    dst_service LowCardinality(String),
    start_time DateTime('UTC') MATERIALIZED toDateTime(least(greatest(start_seconds, 0), 4294967295), 'UTC'),
    end_time DateTime('UTC') MATERIALIZED toDateTime(least(greatest(end_seconds, 0), 4294967295), 'UTC'),
    INDEX by_object object_id TYPE bloom_filter GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(start_time)
ORDER BY (toStartOfHour(start_time), object_id, generation, record)

-- statement
CREATE TABLE IF NOT EXISTS dead_letters
(
    origin String COMMENT 'change-stream, or the id of an object',
    place String,
    reason LowCardinality(String),
    sample String,
    at_ms Int64,
    at DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(at_ms, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (origin, place, reason)
