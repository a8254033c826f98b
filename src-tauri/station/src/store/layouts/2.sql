-- The tree of the customer account as the data center told it last: offices, departments,
-- stations, cost centres. Budgets in mills.
CREATE TABLE account_nodes (
    id BLOB PRIMARY KEY,
    parent BLOB,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    closed INTEGER NOT NULL,
    budget_month INTEGER,
    budget_quarter INTEGER,
    budget_year INTEGER
) STRICT;

-- What this station has printed for each cost centre in each month (year * 100 + month) since its
-- first piece: written in the transaction of each debit. `centre` is the number of a cost centre,
-- the clerk's words where the account has none, or empty. `changed` is the journal number of the
-- last debit among them. All rows together are the ascending register.
CREATE TABLE centre_spending (
    centre TEXT NOT NULL,
    month INTEGER NOT NULL,
    pieces INTEGER NOT NULL,
    postage INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (centre, month)
) STRICT, WITHOUT ROWID;
CREATE INDEX centre_spending_by_change ON centre_spending (changed);

-- Pieces from before this layout, booked in the month (UTC) of their debit.
INSERT INTO centre_spending (centre, month, pieces, postage, changed)
SELECT coalesce(json_extract(facts, '$.cost_centre'), ''),
    CAST(strftime('%Y%m', created, 'unixepoch') AS INTEGER),
    count(*), sum(json_extract(facts, '$.postage')), max(journal_seq)
FROM pieces GROUP BY 1, 2;

-- What the account's other stations have together spent on cost centres, as of the last contact.
CREATE TABLE spent_elsewhere (
    centre TEXT NOT NULL,
    month INTEGER NOT NULL,
    postage INTEGER NOT NULL,
    PRIMARY KEY (centre, month)
) STRICT, WITHOUT ROWID;

-- Pieces that a supervisor let pass a spent budget: written in the transaction of the debit.
CREATE TABLE budget_overrides (
    counter INTEGER PRIMARY KEY REFERENCES pieces (counter),
    centre TEXT NOT NULL,
    user TEXT NOT NULL,
    reason TEXT NOT NULL,
    over INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;
