-- How each epoch began; the signatures of both recovery keys once an admin has made them.
CREATE TABLE epoch (
    number BIGINT PRIMARY KEY CHECK (number > 0),
    old_size BIGINT NOT NULL,
    old_root BLOB NOT NULL CHECK (length(old_root) = 32),
    reason TEXT NOT NULL,
    began BIGINT NOT NULL,
    first_signature BLOB CHECK (length(first_signature) = 64),
    second_signature BLOB CHECK (length(second_signature) = 64),
    CHECK ((first_signature IS NULL) = (second_signature IS NULL))
);

-- Stations that an epoch wants to hear before refills of their accounts are open again.
CREATE TABLE reconcile (
    station BLOB PRIMARY KEY REFERENCES station (id),
    account BLOB NOT NULL REFERENCES account (id),
    epoch BIGINT NOT NULL,
    done BIGINT,
    lacking BIGINT
);
CREATE INDEX reconcile_by_account ON reconcile (account, done);

-- A stream of which messages may have been forgotten: the next one may have a later number.
ALTER TABLE stream ADD COLUMN lost BIGINT NOT NULL DEFAULT 0 CHECK (lost IN (0, 1));
