-- Records of each generation of an object, added up by hour, ends and verdict. A function of the generation's rows in `flows`, and
-- written before the generation is committed, so that what is committed is here whole. The names of columns are those of `flows`.
CREATE TABLE IF NOT EXISTS flow_hours
(
    object_id String,
    generation Int64,
    hour_seconds Int64 CODEC(DoubleDelta, LZ4),
    action LowCardinality(String),
    direction LowCardinality(String),
    src_domain LowCardinality(String),
    src_state LowCardinality(String),
    src_app LowCardinality(String),
    src_cluster LowCardinality(String),
    src_account LowCardinality(String),
    src_zone LowCardinality(String),
    src_service LowCardinality(String),
    dst_domain LowCardinality(String),
    dst_state LowCardinality(String),
    dst_app LowCardinality(String),
    dst_cluster LowCardinality(String),
    dst_account LowCardinality(String),
    dst_zone LowCardinality(String),
    dst_service LowCardinality(String),
    flows Int64,
    bytes Int64,
    packets Int64,
    hour DateTime('UTC') MATERIALIZED toDateTime(least(greatest(hour_seconds, 0), 4294965600), 'UTC')
)
ENGINE = ReplacingMergeTree
PRIMARY KEY (hour_seconds, object_id, generation)
ORDER BY (hour_seconds, object_id, generation, action, direction,
    src_domain, src_state, src_app, src_cluster, src_account, src_zone, src_service,
    dst_domain, dst_state, dst_app, dst_cluster, dst_account, dst_zone, dst_service)

-- statement
-- The same of each object's newest committed generation alone.
CREATE VIEW IF NOT EXISTS flow_hours_committed AS
SELECT *, hour
FROM flow_hours FINAL
WHERE (object_id, generation) IN
(
    SELECT object_id, max(generation) FROM objects WHERE state = 'committed' GROUP BY object_id
)

-- statement
-- Who talked to whom, by hour of the record's start. An empty application is an end that is not owned: see quality_1m.
CREATE VIEW IF NOT EXISTS edges_1h AS
SELECT
    hour,
    src_app,
    dst_app,
    action,
    sum(part.flows) AS flows,
    sum(part.bytes) AS bytes,
    sum(part.packets) AS packets
FROM flow_hours_committed AS part
GROUP BY hour, src_app, dst_app, action
