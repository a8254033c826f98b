-- Vaults that end: ordered by an admin or by the installer at the station, or lost. What is held of
-- their value comes free at hold_until.
CREATE TABLE withdrawal (
    station BLOB PRIMARY KEY REFERENCES station (id),
    state TEXT NOT NULL CHECK (state IN ('ordered', 'held', 'released')),
    lost BIGINT NOT NULL CHECK (lost IN (0, 1)),
    ordered BIGINT,
    ended BIGINT,
    ascending BIGINT,
    returned BIGINT NOT NULL CHECK (returned >= 0),
    credited BIGINT NOT NULL CHECK (credited >= 0 AND credited <= returned),
    hold_until BIGINT,
    released BIGINT
);
CREATE INDEX withdrawal_by_state ON withdrawal (state, hold_until);
CREATE INDEX withdrawal_by_ended ON withdrawal (ended);

-- Indicium certificates that vouch for nothing printed later than this.
CREATE TABLE revoked_indicium (
    serial BLOB PRIMARY KEY REFERENCES indicium_certificate (serial),
    station BLOB NOT NULL REFERENCES station (id),
    revoked BIGINT NOT NULL
);
CREATE INDEX indicium_certificate_by_station ON indicium_certificate (station, not_after);

-- Keys of admins, who approve by two what cannot be taken back; and what was approved already.
CREATE TABLE admin_key (
    id BLOB PRIMARY KEY CHECK (length(id) = 8),
    name TEXT NOT NULL UNIQUE,
    point BLOB NOT NULL CHECK (length(point) = 65),
    created BIGINT NOT NULL,
    ended BIGINT
);
CREATE TABLE spent_approval (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    action TEXT NOT NULL,
    spent BIGINT NOT NULL
);

-- Customers that allow stations to refill by themselves, and what was refilled so.
CREATE TABLE automatic_refill (
    account BLOB PRIMARY KEY REFERENCES account (id),
    daily_cap BIGINT NOT NULL CHECK (daily_cap > 0)
);
CREATE TABLE automatic_refill_use (
    refill BLOB PRIMARY KEY REFERENCES refill (id),
    account BLOB NOT NULL REFERENCES account (id),
    amount BIGINT NOT NULL CHECK (amount > 0),
    created BIGINT NOT NULL
);
CREATE INDEX automatic_refill_use_by_account ON automatic_refill_use (account, created);
