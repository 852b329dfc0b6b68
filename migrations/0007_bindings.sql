-- Telephones that registered here and can be reached after a restart, one row a contact. Times are ms since 1970-01-01 UTC.
CREATE TABLE bindings (
    user          TEXT    NOT NULL,
    -- Their order: the one that was refreshed last stands last.
    position      INTEGER NOT NULL CHECK (position >= 0),
    -- The Contact URI, as it stood.
    contact       TEXT    NOT NULL,
    -- Address and port that the REGISTER came from, over UDP: who came by a connection is not kept.
    source        TEXT    NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    -- Of the REGISTER: of one client, only a newer request changes anything (RFC 3261 section 10.3).
    call_id       TEXT    NOT NULL,
    cseq          INTEGER NOT NULL CHECK (cseq BETWEEN 0 AND 4294967295),
    q_per_mille   INTEGER NOT NULL CHECK (q_per_mille BETWEEN 0 AND 1000),
    user_agent    TEXT,
    -- Proxies to go through, the nearest first, as JSON (RFC 3327).
    path          TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(path)),
    PRIMARY KEY (user, position)
) STRICT, WITHOUT ROWID;
