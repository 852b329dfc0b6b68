-- Line tests that are over, one row each, in the order in which they ended. The newest of each port are kept.
CREATE TABLE line_tests (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    -- That of its call record, which may be forgotten earlier.
    id            TEXT    NOT NULL UNIQUE,
    port          INTEGER NOT NULL CHECK (port BETWEEN 0 AND 65535),
    started_at_ms INTEGER NOT NULL,
    ended_at_ms   INTEGER NOT NULL,
    -- What the test comes to, as a code.
    verdict       TEXT    NOT NULL CHECK (verdict IN ('pass', 'warn', 'fail', 'not_measured')),
    -- Code of why it ended.
    cause         TEXT    NOT NULL,
    -- Name of the port and model of the device, as they were.
    name          TEXT    NOT NULL,
    device        TEXT    NOT NULL,
    -- The checks with values, limits and verdicts, as JSON.
    results       TEXT    NOT NULL CHECK (json_valid(results))
) STRICT;

CREATE INDEX line_tests_of_port ON line_tests (port, seq);
