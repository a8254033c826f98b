-- Vaults of enrolled stations. Registers in mills as last stated; grant_* describe the one grant
-- that was answered and not yet stated as consumed.
CREATE TABLE vault (
    station BLOB PRIMARY KEY REFERENCES station (id),
    max_piece BIGINT NOT NULL CHECK (max_piece > 0),
    max_descending BIGINT NOT NULL CHECK (max_descending > 0),
    ascending BIGINT NOT NULL,
    descending BIGINT NOT NULL,
    control_total BIGINT NOT NULL,
    pieces BIGINT NOT NULL,
    last_grant BIGINT NOT NULL,
    accepted_size BIGINT NOT NULL,
    accepted_root BLOB NOT NULL CHECK (length(accepted_root) = 32),
    grant_number BIGINT,
    grant_refill BLOB CHECK (length(grant_refill) = 16),
    grant_amount BIGINT,
    CHECK (ascending + descending = control_total)
);

-- L3 streams: the last request of a station to a service, and the reply it was given.
CREATE TABLE stream (
    station BLOB NOT NULL REFERENCES station (id),
    service BIGINT NOT NULL,
    sequence BIGINT NOT NULL CHECK (sequence > 0),
    request_hash BLOB NOT NULL CHECK (length(request_hash) = 32),
    reply BLOB NOT NULL,
    PRIMARY KEY (station, service)
);

-- Refills: the first decision is final.
CREATE TABLE refill (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    station BLOB NOT NULL REFERENCES station (id),
    number BIGINT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount >= 0),
    state TEXT NOT NULL CHECK (state IN ('open', 'posted', 'held', 'released', 'refused')),
    request_hash BLOB NOT NULL CHECK (length(request_hash) = 32),
    reply BLOB NOT NULL,
    created BIGINT NOT NULL
);
CREATE INDEX refill_by_station ON refill (station, number);

-- Indicium certificates: which key vouches for which grant.
CREATE TABLE indicium_certificate (
    serial BLOB PRIMARY KEY,
    station BLOB NOT NULL REFERENCES station (id),
    refill BLOB NOT NULL REFERENCES refill (id),
    not_after BIGINT NOT NULL
);

-- Evidence against a station: the signed messages that contradict what it signed before.
CREATE TABLE evidence (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    station BLOB NOT NULL REFERENCES station (id),
    reason TEXT NOT NULL,
    accepted_size BIGINT NOT NULL,
    accepted_root BLOB NOT NULL CHECK (length(accepted_root) = 32),
    message BLOB NOT NULL,
    created BIGINT NOT NULL
);
CREATE INDEX evidence_by_station ON evidence (station);
