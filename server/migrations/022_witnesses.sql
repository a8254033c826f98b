-- What stations have cosigned: each one's newest head of the data center's journal, with its key.
CREATE TABLE witness (
    station BLOB PRIMARY KEY REFERENCES station (id),
    key BLOB NOT NULL CHECK (length(key) = 32),
    epoch BIGINT NOT NULL,
    size BIGINT NOT NULL CHECK (size > 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    head_signature BLOB NOT NULL CHECK (length(head_signature) = 64),
    cosigned BIGINT NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 64)
);
CREATE INDEX witness_by_size ON witness (epoch, size);
