-- Spoiled pieces that were claimed back, and where each claim stands: `asked` until the data center
-- has answered. `journal_size` is what it must have mirrored first; `changed` and `final_at` are
-- Unix seconds.
CREATE TABLE refunds (
    counter INTEGER PRIMARY KEY REFERENCES pieces (counter),
    state TEXT NOT NULL,
    reason TEXT,
    journal_size INTEGER NOT NULL,
    final_at INTEGER,
    changed INTEGER NOT NULL
) STRICT;
CREATE INDEX refunds_by_state ON refunds (state, counter);
