-- Forgotten PINs: the newest order of each station, which lets one of its users choose a new PIN
-- with a code. `told` says whether the station has been told.
CREATE TABLE pin_reset (
    station BLOB PRIMARY KEY REFERENCES station (id),
    user_name TEXT NOT NULL,
    code_hash BLOB NOT NULL CHECK (length(code_hash) = 32),
    until BIGINT NOT NULL,
    told BIGINT NOT NULL CHECK (told IN (0, 1))
);
