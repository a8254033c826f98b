-- Calls that the data center's telephone lines took, once they were over. `caller` is the name that
-- was proved, NULL when none was; `ended` is 1 served, 2 broken, 3 refused, 4 failed; `fault` says
-- why, for people. Bytes are those on the wire; `bits_per_second` is 0 where the modem did not say.
CREATE TABLE telephone_call (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    line TEXT NOT NULL,
    began BIGINT NOT NULL,
    seconds BIGINT NOT NULL CHECK (seconds >= 0),
    caller TEXT,
    bits_per_second BIGINT NOT NULL CHECK (bits_per_second >= 0),
    received BIGINT NOT NULL CHECK (received >= 0),
    sent BIGINT NOT NULL CHECK (sent >= 0),
    streams BIGINT NOT NULL CHECK (streams >= 0),
    ended BIGINT NOT NULL CHECK (ended >= 1 AND ended <= 4),
    fault TEXT NOT NULL
);
CREATE INDEX telephone_call_by_time ON telephone_call (began);
