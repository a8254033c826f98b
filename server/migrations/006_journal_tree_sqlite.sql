-- The Merkle tree over the journal (RFC 9162): complete subtrees above the leaves, and the one
-- row from which the next record goes on.
CREATE TABLE journal_node (
    level BIGINT NOT NULL CHECK (level > 0),
    place BIGINT NOT NULL CHECK (place >= 0),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, place)
);
CREATE TABLE journal_head (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    size BIGINT NOT NULL CHECK (size > 0),
    last_hash BLOB NOT NULL CHECK (length(last_hash) = 32),
    frontier BLOB NOT NULL
);
CREATE TRIGGER journal_node_is_not_changed BEFORE UPDATE ON journal_node
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_node_is_not_removed BEFORE DELETE ON journal_node
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_head_is_not_removed BEFORE DELETE ON journal_head
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_head_only_grows BEFORE UPDATE ON journal_head
WHEN NEW.size <> OLD.size + 1
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
