-- Settings, one row a revision. The newest 20 are kept, and the current one always is.
CREATE TABLE revisions (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    created_at_ms INTEGER NOT NULL,
    -- What changed, or who changed it, in a code or a few words.
    what          TEXT    NOT NULL,
    -- Version of the form of `document`.
    format        INTEGER NOT NULL,
    -- The settings as JSON.
    document      TEXT    NOT NULL CHECK (json_valid(document))
) STRICT;

-- The revision in force: one row at most.
CREATE TABLE current_revision (
    only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
    revision_id INTEGER NOT NULL REFERENCES revisions (id) ON DELETE RESTRICT
) STRICT;

-- Calls that are over, one row each, in the order in which they ended.
CREATE TABLE call_records (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    id             TEXT    NOT NULL UNIQUE,
    port           INTEGER NOT NULL CHECK (port BETWEEN 0 AND 65535),
    direction      TEXT    NOT NULL CHECK (direction IN ('sip_to_fxo', 'fxo_to_sip')),
    caller         TEXT    NOT NULL,
    callee         TEXT    NOT NULL,
    started_at_ms  INTEGER NOT NULL,
    answered_at_ms INTEGER,
    ended_at_ms    INTEGER NOT NULL,
    -- Code of why it ended.
    cause          TEXT    NOT NULL,
    -- What showed it, as JSON.
    evidence       TEXT    NOT NULL CHECK (json_valid(evidence)),
    sip_status     INTEGER CHECK (sip_status BETWEEN 100 AND 699)
) STRICT;
