-- An object that left before all sources had told is looked at again: how many of its records may still be answered otherwise,
-- and up to when it has any.
ALTER TABLE objects
    ADD COLUMN IF NOT EXISTS open_records Int64 DEFAULT 0 AFTER dead_letters,
    ADD COLUMN IF NOT EXISTS newest_end_ms Nullable(Int64) AFTER open_records
