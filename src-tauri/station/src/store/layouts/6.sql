-- What clerks send all day, by name. `body` is the preset as JSON, as the window and the command line
-- speak of it; favourites are shown first.
CREATE TABLE presets (
    name TEXT PRIMARY KEY,
    favourite INTEGER NOT NULL CHECK (favourite IN (0, 1)),
    body TEXT NOT NULL
) STRICT;

-- Batches that wait to be printed: their CSV text and since when, Unix seconds. Which of their rows
-- have become pieces stands in `batch_rows`.
CREATE TABLE waiting_batches (
    name TEXT PRIMARY KEY,
    csv TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT;
