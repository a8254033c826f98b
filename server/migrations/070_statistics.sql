-- What pieces have in common; the id is the first half of the SHA-256 of the kind as it is sent.
CREATE TABLE statistic_kind (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    class TEXT NOT NULL,
    shape TEXT NOT NULL,
    step BIGINT,
    zone BIGINT,
    edition TEXT,
    cost_centre TEXT,
    person TEXT NOT NULL
);

-- Every piece that stations have told of. `day` is decimal YYYYMMDD, `postage` in mills; `fate` is
-- 0 until somebody says what became of it, then 1 printed, 2 spoiled, 3 not printed.
CREATE TABLE statistic_piece (
    vault BLOB NOT NULL CHECK (length(vault) = 16),
    sequence BIGINT NOT NULL CHECK (sequence >= 0),
    counter BIGINT NOT NULL CHECK (counter > 0),
    day BIGINT NOT NULL,
    kind BLOB NOT NULL REFERENCES statistic_kind (id),
    postage BIGINT NOT NULL CHECK (postage >= 0),
    fate BIGINT NOT NULL CHECK (fate >= 0 AND fate <= 3),
    PRIMARY KEY (vault, sequence)
);
CREATE UNIQUE INDEX statistic_piece_by_counter ON statistic_piece (vault, counter);
CREATE INDEX statistic_piece_by_day ON statistic_piece (day);

-- How far each vault was heard: `next` is the first journal record not told of. Up to `held_size`
-- its pieces have added up to the register before.
CREATE TABLE statistic_vault (
    vault BLOB PRIMARY KEY CHECK (length(vault) = 16),
    next BIGINT NOT NULL CHECK (next >= 0),
    held_size BIGINT NOT NULL CHECK (held_size >= 0),
    held_ascending BIGINT NOT NULL CHECK (held_ascending >= 0),
    heard BIGINT NOT NULL
);

-- What stations have signed: at this size of the journal, so much was printed, in mills.
CREATE TABLE statistic_mark (
    vault BLOB NOT NULL CHECK (length(vault) = 16),
    size BIGINT NOT NULL CHECK (size > 0),
    ascending BIGINT NOT NULL CHECK (ascending >= 0),
    stated BIGINT NOT NULL,
    PRIMARY KEY (vault, size)
);

-- Pages that contradict what was told before; they were not taken.
CREATE TABLE statistic_contradiction (
    vault BLOB NOT NULL CHECK (length(vault) = 16),
    sequence BIGINT NOT NULL CHECK (sequence >= 0),
    told_before TEXT NOT NULL,
    told_now TEXT NOT NULL,
    raised BIGINT NOT NULL,
    PRIMARY KEY (vault, sequence)
);
