-- Payments as bank statement files told them. The id follows from what the bank says, so that a
-- payment that comes in a second file is known. Without an account it waits for the admin.
CREATE TABLE bank_payment (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    own_iban TEXT NOT NULL,
    booked TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    payer TEXT NOT NULL,
    payer_iban TEXT NOT NULL,
    text TEXT NOT NULL,
    reference TEXT NOT NULL,
    account BLOB REFERENCES account (id),
    rule TEXT,
    note TEXT NOT NULL,
    imported BIGINT NOT NULL,
    CHECK ((account IS NULL) = (rule IS NULL))
);
CREATE INDEX bank_payment_by_account ON bank_payment (account, imported);

-- Bank accounts that customers pay from.
CREATE TABLE account_iban (
    iban TEXT PRIMARY KEY,
    account BLOB NOT NULL REFERENCES account (id),
    created BIGINT NOT NULL
);
CREATE TRIGGER bank_payment_is_not_removed BEFORE DELETE ON bank_payment
BEGIN SELECT RAISE(ABORT, 'payments are never removed'); END;
CREATE TRIGGER bank_payment_is_booked_once BEFORE UPDATE ON bank_payment
WHEN OLD.account IS NOT NULL OR NEW.id <> OLD.id OR NEW.amount <> OLD.amount
BEGIN SELECT RAISE(ABORT, 'a payment is booked once'); END;
