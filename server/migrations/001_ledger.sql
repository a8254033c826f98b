-- Who this data center is. One row.
CREATE TABLE data_center (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    id BLOB NOT NULL CHECK (length(id) = 16),
    epoch BIGINT NOT NULL CHECK (epoch > 0),
    reconciling BIGINT NOT NULL CHECK (reconciling IN (0, 1)),
    support_contact TEXT NOT NULL,
    created BIGINT NOT NULL
);

-- Numbers that are given out once: `value` is the last one given.
CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL CHECK (value >= 0)
);

-- Customers.
CREATE TABLE account (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL
);

-- Accounts of the double-entry book. The key is kind (1 byte) and owner (16 bytes); amounts in
-- mills. What a row with credit_only holds can never be overdrawn.
CREATE TABLE ledger_account (
    key BLOB PRIMARY KEY CHECK (length(key) = 17),
    credit_only BIGINT NOT NULL CHECK (credit_only IN (0, 1)),
    debits BIGINT NOT NULL CHECK (debits >= 0),
    credits BIGINT NOT NULL CHECK (credits >= 0),
    CHECK (credit_only = 0 OR credits >= debits)
);

-- Everything that happened, in order: hash = SHA-256(record), each record names the hash before.
CREATE TABLE journal (
    sequence BIGINT PRIMARY KEY CHECK (sequence >= 0),
    record BLOB NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
);

-- Money moved from debit to credit, in mills. The id makes asking twice safe.
CREATE TABLE transfer (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    sequence BIGINT NOT NULL UNIQUE REFERENCES journal (sequence),
    debit BLOB NOT NULL REFERENCES ledger_account (key),
    credit BLOB NOT NULL REFERENCES ledger_account (key),
    amount BIGINT NOT NULL CHECK (amount > 0),
    kind BIGINT NOT NULL,
    reference TEXT NOT NULL,
    request_hash BLOB NOT NULL CHECK (length(request_hash) = 32),
    created BIGINT NOT NULL,
    CHECK (debit <> credit)
);
CREATE INDEX transfer_by_debit ON transfer (debit, sequence);
CREATE INDEX transfer_by_credit ON transfer (credit, sequence);
