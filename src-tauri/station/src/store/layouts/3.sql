-- Grants as the data center signed them, with the header that each signature covers: what a data
-- center that was restored from a backup is told again.
CREATE TABLE grants (
    number INTEGER PRIMARY KEY,
    reply BLOB NOT NULL,
    header BLOB NOT NULL
) STRICT;

-- Heads of the data center's journal that do not fit: the one kept, the one shown, the proofs.
CREATE TABLE center_evidence (
    shown TEXT NOT NULL,
    kept TEXT NOT NULL,
    reason TEXT NOT NULL,
    proofs BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (shown, kept)
) STRICT;
