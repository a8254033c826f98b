-- Stations, and the one vault each enrolment gives them.
CREATE TABLE station (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    account BLOB NOT NULL REFERENCES account (id),
    vault BLOB NOT NULL UNIQUE CHECK (length(vault) = 16),
    psd_serial BIGINT NOT NULL UNIQUE CHECK (psd_serial > 0),
    licence_zip TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('new', 'active', 'locked', 'frozen', 'withdrawn')),
    created BIGINT NOT NULL,
    enrolled BIGINT,
    last_contact BIGINT
);
CREATE INDEX station_by_account ON station (account);

-- One-time codes: only the hash of the secret is kept. The first certificate request that shows
-- the secret is remembered with its reply, so that asking again is safe.
CREATE TABLE enrolment_code (
    secret_hash BLOB PRIMARY KEY CHECK (length(secret_hash) = 32),
    station BLOB NOT NULL REFERENCES station (id),
    expires BIGINT NOT NULL,
    csr_hash BLOB CHECK (length(csr_hash) = 32),
    reply BLOB
);

-- Every certificate a station was given.
CREATE TABLE station_certificate (
    serial BLOB PRIMARY KEY,
    station BLOB NOT NULL REFERENCES station (id),
    certificate BLOB NOT NULL,
    point BLOB NOT NULL CHECK (length(point) = 65),
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL
);
CREATE INDEX station_certificate_by_station ON station_certificate (station, not_after);

-- Certificates that are refused although they have not expired.
CREATE TABLE denied_certificate (
    serial BLOB PRIMARY KEY,
    station BLOB NOT NULL REFERENCES station (id),
    reason TEXT NOT NULL,
    denied BIGINT NOT NULL
);
CREATE INDEX denied_certificate_by_station ON denied_certificate (station);
