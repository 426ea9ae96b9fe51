-- What the stream said can be read from the store again: every field told apart, and found by its place in the stream.
-- A poll was refused for a reason that may be empty.
ALTER TABLE coverage ADD COLUMN IF NOT EXISTS refused Bool DEFAULT refused_reason != '' AFTER changed

-- statement
-- The tables are in the order of addresses and sources, in which the next offsets of the stream lie anywhere. A projection
-- keeps the columns that a change is made of a second time, in the order of the stream; what a merge takes out of a table goes
-- out of it as well. Whoever adds a column that a change needs makes a new projection with it: without, pages are searched for
-- in the whole table. Rows from before are added in the background, and found meanwhile, slowly.
ALTER TABLE claims MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild'

-- statement
ALTER TABLE claims ADD PROJECTION IF NOT EXISTS by_place
(
    SELECT
        stream_partition, stream_offset, logged_at_ms, claim_id, revision_epoch, revision_sequence, domain, prefix, first_port,
        last_port, layer, source, owners, lifetime_id, start_earliest_ms, start_latest_ms, end_earliest_ms, end_latest_ms,
        last_sighting_ms, evidence, state, expects, whole
    ORDER BY stream_partition, stream_offset
)

-- statement
ALTER TABLE claims MATERIALIZE PROJECTION by_place

-- statement
ALTER TABLE sources MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild'

-- statement
ALTER TABLE sources ADD PROJECTION IF NOT EXISTS by_place
(
    SELECT
        stream_partition, stream_offset, logged_at_ms, source, revision_epoch, revision_sequence, kind, scope, lag_ms,
        clock_error_ms, bridge_ms, briefest_holding_ms, longest_gap_ms, valid_from_ms, valid_until_ms
    ORDER BY stream_partition, stream_offset
)

-- statement
ALTER TABLE sources MATERIALIZE PROJECTION by_place

-- statement
ALTER TABLE coverage MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild'

-- statement
ALTER TABLE coverage ADD PROJECTION IF NOT EXISTS by_place
(
    SELECT
        stream_partition, stream_offset, logged_at_ms, source, revision_epoch, revision_sequence, complete_up_to_ms, over_at_ms,
        addresses, changed, refused, refused_reason, refused_detail
    ORDER BY stream_partition, stream_offset
)

-- statement
ALTER TABLE coverage MATERIALIZE PROJECTION by_place

-- statement
ALTER TABLE horizons MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild'

-- statement
ALTER TABLE horizons ADD PROJECTION IF NOT EXISTS by_place
(
    SELECT stream_partition, stream_offset, logged_at_ms, domain, before_ms
    ORDER BY stream_partition, stream_offset
)

-- statement
ALTER TABLE horizons MATERIALIZE PROJECTION by_place
