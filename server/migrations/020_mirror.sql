-- The mirror: every record of every vault's journal, replayed before it is stored.
CREATE TABLE station_record (
    vault BLOB NOT NULL REFERENCES station (vault),
    sequence BIGINT NOT NULL CHECK (sequence >= 0),
    record BLOB NOT NULL,
    PRIMARY KEY (vault, sequence)
);

-- Which records speak of which piece: its debit or burn first, then what the clerk said of it.
CREATE TABLE station_piece (
    vault BLOB NOT NULL,
    counter BIGINT NOT NULL CHECK (counter > 0),
    sequence BIGINT NOT NULL,
    PRIMARY KEY (vault, counter, sequence),
    FOREIGN KEY (vault, sequence) REFERENCES station_record (vault, sequence)
);

-- From where the mirror of one vault goes on: the vault its records lead to, and their tree.
CREATE TABLE mirror (
    vault BLOB PRIMARY KEY REFERENCES station (vault),
    size BIGINT NOT NULL CHECK (size > 0),
    follower BLOB NOT NULL,
    updated BIGINT NOT NULL
);

-- The last signed message whose statement was accepted, with the header that its signature covers:
-- one half of the evidence when a later one contradicts it.
ALTER TABLE stream ADD COLUMN statement BLOB;
ALTER TABLE stream ADD COLUMN statement_header BLOB;

-- The header that the signature of the message covers, and the accepted statement it contradicts.
ALTER TABLE evidence ADD COLUMN header BLOB;
ALTER TABLE evidence ADD COLUMN statement BLOB;
ALTER TABLE evidence ADD COLUMN statement_header BLOB;
