-- Below so many bytes, uncompressed, a part is one file for all of its columns. At the default of 10 MiB each insert of a batch makes
-- some 170 files of sixty columns, and each merge as many again: a file system may take as long for these as the engine for the
-- rows. What is merged beyond has a file for each column, as before.
ALTER TABLE flows MODIFY SETTING min_bytes_for_wide_part = 268435456

-- statement
ALTER TABLE flow_hours MODIFY SETTING min_bytes_for_wide_part = 268435456
