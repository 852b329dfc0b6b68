-- The last seconds that were heard on the line of a call, in A-law at 8 kHz. The newest are kept, and none outlives its call.
CREATE TABLE call_sounds (
    seq  INTEGER PRIMARY KEY AUTOINCREMENT,
    -- That of its call record.
    id   TEXT    NOT NULL UNIQUE,
    alaw BLOB    NOT NULL CHECK (length(alaw) BETWEEN 1 AND 1000000)
) STRICT;

CREATE TRIGGER call_sounds_forgotten AFTER DELETE ON call_records BEGIN
    DELETE FROM call_sounds WHERE id = old.id;
END;
