-- What this station believes of the signed repository. The documents by role, exactly as they were
-- signed; the contents of targets by path; and the parts of contents that are on their way, which go
-- once a content is whole.
CREATE TABLE repository_documents (
    role TEXT PRIMARY KEY,
    content BLOB NOT NULL
) STRICT;
CREATE TABLE repository_targets (
    path TEXT PRIMARY KEY,
    sha256 BLOB NOT NULL,
    content BLOB NOT NULL
) STRICT;
CREATE TABLE repository_parts (
    sha256 BLOB NOT NULL,
    first INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (sha256, first)
) STRICT;
