-- Claims for spoiled pieces, by the piece's identity: PSD number and counter as in its indicium.
-- `printed` is the date of mailing on the piece, YYYYMMDD; `told` what its station was told last.
CREATE TABLE refund (
    identity BLOB PRIMARY KEY CHECK (length(identity) = 12),
    station BLOB NOT NULL REFERENCES station (id),
    counter BIGINT NOT NULL CHECK (counter > 0),
    amount BIGINT NOT NULL CHECK (amount > 0),
    printed BIGINT NOT NULL,
    final_at BIGINT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('claimed', 'provisional', 'final', 'reversed', 'refused')),
    reason TEXT,
    claimed BIGINT NOT NULL,
    credited BIGINT,
    instant BIGINT NOT NULL CHECK (instant IN (0, 1)),
    told TEXT NOT NULL
);
CREATE INDEX refund_by_state ON refund (state, final_at);
CREATE INDEX refund_by_station ON refund (station, credited);

-- Pieces seen in the mail, by identity, and how often.
CREATE TABLE scanned_piece (
    identity BLOB PRIMARY KEY CHECK (length(identity) = 12),
    first_seen BIGINT NOT NULL,
    times BIGINT NOT NULL CHECK (times > 0)
);

-- The highest ascending register a scanned indicium of a station has shown, and which piece it is.
CREATE TABLE scanned_register (
    station BLOB PRIMARY KEY REFERENCES station (id),
    identity BLOB NOT NULL CHECK (length(identity) = 12),
    ascending BIGINT NOT NULL CHECK (ascending > 0)
);
