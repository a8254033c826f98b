-- The signed repository (TUF). Each version of each role's metadata as the bytes that are served;
-- nothing of it changes. `epoch` is the data center's when the version was made.
CREATE TABLE repository_metadata (
    role TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    content BLOB NOT NULL,
    expires BIGINT NOT NULL,
    made BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    PRIMARY KEY (role, version)
);

-- What targets hold, named by SHA-256 and cut into pieces, so that a range of a long one is read
-- without the rest. It is whole once `whole` is set; before that nobody is served it.
CREATE TABLE repository_content (
    sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),
    length BIGINT NOT NULL CHECK (length >= 0),
    whole BIGINT NOT NULL CHECK (whole IN (0, 1)),
    begun BIGINT NOT NULL
);
CREATE TABLE repository_piece (
    sha256 BLOB NOT NULL REFERENCES repository_content (sha256),
    number BIGINT NOT NULL CHECK (number >= 0),
    bytes BLOB NOT NULL,
    PRIMARY KEY (sha256, number)
);

-- Which content stood at which path, and since when no newest metadata names it there.
CREATE TABLE repository_target (
    path TEXT NOT NULL,
    sha256 BLOB NOT NULL REFERENCES repository_content (sha256),
    role TEXT NOT NULL,
    ended BIGINT,
    PRIMARY KEY (path, sha256)
);
CREATE INDEX repository_target_by_content ON repository_target (sha256);
