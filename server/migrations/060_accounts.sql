-- One counter per account: each change of its tree and each reported sum gets the next number, so
-- that a station can ask for what is newer than what it has.
CREATE TABLE account_version (
    account BLOB PRIMARY KEY REFERENCES account (id),
    value BIGINT NOT NULL CHECK (value > 0)
);

-- The tree of an account below the organisation, which is the account itself. A node is closed,
-- never removed; the node of a station has the station's number. Budgets in mills.
CREATE TABLE account_node (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    account BLOB NOT NULL REFERENCES account (id),
    parent BLOB REFERENCES account_node (id),
    kind BIGINT NOT NULL,
    name TEXT NOT NULL,
    closed BIGINT NOT NULL CHECK (closed IN (0, 1)),
    budget_month BIGINT,
    budget_quarter BIGINT,
    budget_year BIGINT,
    version BIGINT NOT NULL,
    created BIGINT NOT NULL
);
CREATE INDEX account_node_by_version ON account_node (account, version);
CREATE INDEX account_node_by_parent ON account_node (parent);
CREATE INDEX account_node_by_name ON account_node (name);

-- What is added to the postage of a cost centre on the statement, from a month on: hundredths of a
-- per cent of the postage, and mills for each piece.
CREATE TABLE surcharge (
    node BLOB NOT NULL REFERENCES account_node (id),
    first_month BIGINT NOT NULL,
    basis_points BIGINT NOT NULL CHECK (basis_points >= 0),
    fixed BIGINT NOT NULL CHECK (fixed >= 0),
    created BIGINT NOT NULL,
    PRIMARY KEY (node, first_month)
);

-- What each station has printed for each cost centre in each month, as it says; sums only grow.
CREATE TABLE centre_usage (
    station BLOB NOT NULL REFERENCES station (id),
    centre TEXT NOT NULL,
    month BIGINT NOT NULL,
    node BLOB REFERENCES account_node (id),
    pieces BIGINT NOT NULL CHECK (pieces >= 0),
    postage BIGINT NOT NULL CHECK (postage >= 0),
    version BIGINT NOT NULL,
    PRIMARY KEY (station, centre, month)
);
CREATE INDEX centre_usage_by_node ON centre_usage (node, month);

-- Pieces that a supervisor let pass a spent budget.
CREATE TABLE budget_override (
    station BLOB NOT NULL REFERENCES station (id),
    counter BIGINT NOT NULL,
    centre TEXT NOT NULL,
    user_name TEXT NOT NULL,
    reason TEXT NOT NULL,
    over BIGINT NOT NULL CHECK (over >= 0),
    made BIGINT NOT NULL,
    PRIMARY KEY (station, counter)
);
