-- Readable facts about this station, by name.
CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- 16 random bytes made with the database: its identity towards the keeper of secrets.
INSERT INTO settings (name, value) VALUES ('store-id', lower(hex(randomblob(16))));

-- One data key per table and number, wrapped under the key-encryption key.
CREATE TABLE data_keys (
    table_name TEXT NOT NULL,
    kid INTEGER NOT NULL,
    kek INTEGER NOT NULL,
    wrapped BLOB NOT NULL,
    seals INTEGER NOT NULL,
    PRIMARY KEY (table_name, kid)
) STRICT;

-- Sealed: the vault and the journal's frontier, equal to the last journal record.
CREATE TABLE vault (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    journal_size INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;

-- Readable: one record per transition of the vault.
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    record BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE TRIGGER journal_is_append_only_1 BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_is_append_only_2 BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

-- Hashes of complete subtrees of the journal's Merkle tree, for short proofs.
CREATE TABLE subtrees (
    level INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (level, position)
) STRICT, WITHOUT ROWID;

-- Pieces. `sealed` holds the indicium and the label's inputs until the piece is printed.
CREATE TABLE pieces (
    counter INTEGER PRIMARY KEY,
    state TEXT NOT NULL,
    created INTEGER NOT NULL,
    journal_seq INTEGER NOT NULL,
    facts TEXT NOT NULL,
    raster BLOB NOT NULL,
    job_key TEXT UNIQUE,
    message TEXT,
    sealed BLOB
) STRICT;
CREATE INDEX pieces_by_state ON pieces (state, counter);

-- Sealed: private keys, pending refills and what else must not be read, by name.
CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    journal_size INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;

-- Certificates of indicium keys, by the number the indicium carries.
CREATE TABLE certificates (
    number INTEGER PRIMARY KEY,
    der BLOB NOT NULL
) STRICT;

-- Rate editions fetched from the data center; `effective` is a day, ISO.
CREATE TABLE editions (
    id TEXT PRIMARY KEY,
    effective TEXT NOT NULL,
    manifest BLOB NOT NULL,
    content BLOB NOT NULL
) STRICT;

CREATE TABLE printers (
    name TEXT PRIMARY KEY,
    setup TEXT NOT NULL
) STRICT;

-- Rows of CSV files that have become pieces.
CREATE TABLE batch_rows (
    row_key BLOB NOT NULL,
    occurrence INTEGER NOT NULL,
    counter INTEGER NOT NULL REFERENCES pieces (counter),
    PRIMARY KEY (row_key, occurrence)
) STRICT, WITHOUT ROWID;

-- How each service fared at its last contact.
CREATE TABLE outcomes (
    service TEXT PRIMARY KEY,
    outcome TEXT NOT NULL,
    level TEXT NOT NULL,
    milliseconds INTEGER NOT NULL,
    reason TEXT,
    at INTEGER NOT NULL
) STRICT;
