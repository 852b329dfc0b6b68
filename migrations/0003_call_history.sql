-- Call history: what happened during each call, and what searching a hundred thousand of them needs.

-- Marks with their moments, as JSON.
ALTER TABLE call_records ADD COLUMN timeline TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(timeline));

-- Both parties as they are searched: in lower case, without the separators that people write into numbers (RFC 3966 §5.1.1;
-- the full stop stays, for host names). The trigger below fills it.
ALTER TABLE call_records ADD COLUMN parties TEXT NOT NULL DEFAULT '';

UPDATE call_records SET parties =
    lower(replace(replace(replace(replace(caller || char(10) || callee, ' ', ''), '(', ''), ')', ''), '-', ''));

-- Filters read this index alone, never the long rows of the table; its first column also finds what is too old to keep.
CREATE INDEX call_records_facts
    ON call_records (started_at_ms, port, direction, cause, answered_at_ms, ended_at_ms, parties);

-- Any three characters in a row find their calls. What is deleted leaves no trace in it.
CREATE VIRTUAL TABLE call_parties USING fts5 (parties, content = 'call_records', content_rowid = 'seq', tokenize = 'trigram');
INSERT INTO call_parties (call_parties, rank) VALUES ('secure-delete', 1);
INSERT INTO call_parties (call_parties) VALUES ('rebuild');

-- Records are written once and deleted, never changed.
CREATE TRIGGER call_records_kept AFTER INSERT ON call_records BEGIN
    UPDATE call_records SET parties =
        lower(replace(replace(replace(replace(caller || char(10) || callee, ' ', ''), '(', ''), ')', ''), '-', ''))
        WHERE seq = new.seq;
    INSERT INTO call_parties (rowid, parties) SELECT seq, parties FROM call_records WHERE seq = new.seq;
END;

CREATE TRIGGER call_records_forgotten AFTER DELETE ON call_records BEGIN
    INSERT INTO call_parties (call_parties, rowid, parties) VALUES ('delete', old.seq, old.parties);
END;
