-- Editions of rates. The content is named by its hash; the signed manifest is there once it is
-- published, and from then on neither changes.
CREATE TABLE edition (
    sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    effective TEXT NOT NULL,
    sample BIGINT NOT NULL CHECK (sample IN (0, 1)),
    content BLOB NOT NULL,
    imported BIGINT NOT NULL,
    manifest BLOB,
    published BIGINT,
    CHECK ((manifest IS NULL) = (published IS NULL))
);
CREATE INDEX edition_by_effective ON edition (effective);
