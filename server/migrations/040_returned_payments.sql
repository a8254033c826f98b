-- Payments that the bank took back, by the transfer that had booked them. An account takes no
-- refills while anything is outstanding; later payments count towards the oldest first.
CREATE TABLE returned_payment (
    deposit BLOB PRIMARY KEY REFERENCES transfer (id),
    account BLOB NOT NULL REFERENCES account (id),
    amount BIGINT NOT NULL CHECK (amount > 0),
    outstanding BIGINT NOT NULL CHECK (outstanding >= 0 AND outstanding <= amount),
    returned BIGINT NOT NULL
);
CREATE INDEX returned_payment_by_account ON returned_payment (account, returned);
