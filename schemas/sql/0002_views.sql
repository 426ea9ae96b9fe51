-- Rows of each object's newest committed generation, each once. A generation that is still being written shows nothing,
-- and takes nothing away from the one before it.
CREATE VIEW IF NOT EXISTS flows_committed AS
SELECT *, start_time, end_time
FROM flows FINAL
WHERE (object_id, generation) IN
(
    SELECT object_id, max(generation) FROM objects WHERE state = 'committed' GROUP BY object_id
)

-- statement
-- Who talked to whom, by minute of the record's start. An empty application is an end that is not owned: see quality_1m.
CREATE VIEW IF NOT EXISTS edges_1m AS
SELECT
    toStartOfMinute(start_time) AS minute,
    src_app,
    dst_app,
    action,
    count() AS flows,
    sum(flow.bytes) AS bytes,
    sum(flow.packets) AS packets
FROM flows_committed AS flow
GROUP BY minute, src_app, dst_app, action

-- statement
-- How the ends were answered, by minute.
CREATE VIEW IF NOT EXISTS quality_1m AS
SELECT
    toStartOfMinute(start_time) AS minute,
    end.1 AS side,
    end.2 AS state,
    end.3 AS reason,
    count() AS flows,
    sum(flow.bytes) AS bytes
FROM flows_committed AS flow
ARRAY JOIN [('source', toString(src_state), toString(src_reason)), ('destination', toString(dst_state), toString(dst_reason))] AS end
GROUP BY minute, side, state, reason
