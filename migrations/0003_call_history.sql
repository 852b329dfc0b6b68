-- Call history: what happened during each call, and what searching a hundred thousand of them needs.

-- The table is built anew, because a CHECK cannot be altered: a line test is a call of its own direction.
CREATE TABLE call_records_anew (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    id             TEXT    NOT NULL UNIQUE,
    port           INTEGER NOT NULL CHECK (port BETWEEN 0 AND 65535),
    direction      TEXT    NOT NULL CHECK (direction IN ('sip_to_fxo', 'fxo_to_sip', 'test')),
    caller         TEXT    NOT NULL,
    callee         TEXT    NOT NULL,
    started_at_ms  INTEGER NOT NULL,
    answered_at_ms INTEGER,
    ended_at_ms    INTEGER NOT NULL,
    -- Code of why it ended.
    cause          TEXT    NOT NULL,
    -- What showed it, as JSON.
    evidence       TEXT    NOT NULL CHECK (json_valid(evidence)),
    sip_status     INTEGER CHECK (sip_status BETWEEN 100 AND 699),
    -- Marks with their moments, as JSON.
    timeline       TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(timeline)),
    -- Both parties as they are searched: in lower case, without the separators that people write into numbers (RFC 3966 §5.1.1;
    -- the full stop stays, for host names). The trigger below fills it.
    parties        TEXT    NOT NULL DEFAULT ''
) STRICT;

INSERT INTO call_records_anew
    (seq, id, port, direction, caller, callee, started_at_ms, answered_at_ms, ended_at_ms, cause, evidence, sip_status, parties)
SELECT seq, id, port, direction, caller, callee, started_at_ms, answered_at_ms, ended_at_ms, cause, evidence, sip_status,
    lower(replace(replace(replace(replace(caller || char(10) || callee, ' ', ''), '(', ''), ')', ''), '-', ''))
FROM call_records;

DROP TABLE call_records;
ALTER TABLE call_records_anew RENAME TO call_records;

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
