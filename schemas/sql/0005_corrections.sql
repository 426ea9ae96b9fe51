-- Where a change of the stream may have altered answers that were final: an address or a block of a domain over some time, and
-- the interfaces that the change names. A function of the stream up to the change.
CREATE TABLE IF NOT EXISTS corrections
(
    stream_partition Int32,
    stream_offset Int64,
    part Int32 COMMENT 'one change may alter answers in several places',
    domain LowCardinality(String),
    prefix String,
    from_ms Nullable(Int64),
    until_ms Int64,
    enis Array(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (stream_partition, stream_offset, part)

-- statement
-- How far an enricher has looked again at what it had answered.
CREATE TABLE IF NOT EXISTS corrected
(
    enricher String,
    stream_partition Int32,
    end_offset Int64
)
ENGINE = ReplacingMergeTree
ORDER BY (enricher, stream_partition, end_offset)

-- statement
-- What corrections moved: records whose ends are answered otherwise in a committed generation than in the one before it.
CREATE VIEW IF NOT EXISTS flows_moved AS
SELECT
    now.object_id AS object_id,
    now.record AS record,
    now.generation AS generation,
    now.start_seconds AS start_seconds,
    now.bytes AS bytes,
    now.packets AS packets,
    before.src_app AS src_app_before,
    now.src_app AS src_app,
    before.src_state AS src_state_before,
    now.src_state AS src_state,
    before.dst_app AS dst_app_before,
    now.dst_app AS dst_app,
    before.dst_state AS dst_state_before,
    now.dst_state AS dst_state
FROM flows AS now FINAL
INNER JOIN flows AS before FINAL
    ON before.object_id = now.object_id AND before.record = now.record AND before.generation = now.generation - 1
WHERE now.generation > 1
    AND (now.object_id, now.generation) IN (SELECT object_id, generation FROM objects WHERE state = 'committed')
    AND (before.src_app, before.src_state, before.dst_app, before.dst_state) != (now.src_app, now.src_state, now.dst_app, now.dst_state)
