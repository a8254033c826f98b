-- The book is append-only: the engine itself refuses to change or remove what was written.
CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER transfer_is_not_changed BEFORE UPDATE ON transfer
BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;
CREATE TRIGGER transfer_is_not_removed BEFORE DELETE ON transfer
BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;
CREATE TRIGGER ledger_account_is_not_removed BEFORE DELETE ON ledger_account
BEGIN SELECT RAISE(ABORT, 'ledger accounts are never removed'); END;
CREATE TRIGGER ledger_account_only_grows BEFORE UPDATE ON ledger_account
WHEN NEW.debits < OLD.debits OR NEW.credits < OLD.credits
  OR NEW.key <> OLD.key OR NEW.credit_only <> OLD.credit_only
BEGIN SELECT RAISE(ABORT, 'sums of a ledger account only grow'); END;
