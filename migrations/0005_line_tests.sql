-- A line test is a call record of its own direction. SQLite cannot alter a CHECK, and building the table anew would have to
-- know every column that other migrations give it: the text of the schema is edited instead, as the documentation of
-- ALTER TABLE describes for a constraint that becomes wider (lang_altertable.html, "Making Other Kinds Of Table Schema Changes").
PRAGMA writable_schema = ON;

UPDATE sqlite_schema
SET sql = replace(sql, 'CHECK (direction IN (''sip_to_fxo'', ''fxo_to_sip''))', 'CHECK (direction IN (''sip_to_fxo'', ''fxo_to_sip'', ''test''))')
WHERE type = 'table' AND name = 'call_records';

-- Other connections read the schema again when its version changes, and any definition changes that; RESET reads it again here.
CREATE TABLE schema_was_edited (only_row INTEGER);
DROP TABLE schema_was_edited;
PRAGMA writable_schema = RESET;
