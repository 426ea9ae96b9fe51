-- Where a flow log itself has no records of an interface: by its NODATA lines there was no traffic, by its SKIPDATA lines AWS lost
-- records. A row is a line; its identity is (object_id, record, generation), as in flows.
CREATE TABLE IF NOT EXISTS capture_gaps
(
    object_id String,
    record Int64,
    generation Int64,
    status LowCardinality(String) COMMENT 'NODATA or SKIPDATA',
    account LowCardinality(String),
    recorder String COMMENT 'id of the interface, or of what else recorded',
    domains Array(String) COMMENT 'routing domains that the interface may have been in',
    from_ms Nullable(Int64),
    until_ms Nullable(Int64) COMMENT 'exclusive',
    from_time DateTime('UTC') MATERIALIZED toDateTime(least(greatest(intDiv(ifNull(from_ms, 0), 1000), 0), 4294967295), 'UTC')
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(from_time)
ORDER BY (status, toStartOfHour(from_time), object_id, generation, record)

-- statement
-- Of each object those of its newest committed generation, each once.
CREATE VIEW IF NOT EXISTS capture_gaps_committed AS
SELECT *, from_time
FROM capture_gaps FINAL
WHERE (object_id, generation) IN
(
    SELECT object_id, max(generation) FROM objects WHERE state = 'committed' GROUP BY object_id
)
