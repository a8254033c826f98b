-- Editions are announced by the signed repository alone: they carry no signed manifest any more. What
-- was published stays so, with its instant.
ALTER TABLE edition RENAME TO edition_with_manifest;
DROP INDEX edition_by_effective;
CREATE TABLE edition (
    sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    effective TEXT NOT NULL,
    sample BIGINT NOT NULL CHECK (sample IN (0, 1)),
    content BLOB NOT NULL,
    imported BIGINT NOT NULL,
    published BIGINT
);
INSERT INTO edition (sha256, id, title, effective, sample, content, imported, published)
    SELECT sha256, id, title, effective, sample, content, imported, published
    FROM edition_with_manifest;
DROP TABLE edition_with_manifest;
CREATE INDEX edition_by_effective ON edition (effective);
