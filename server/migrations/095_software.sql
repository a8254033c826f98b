-- What a station runs, as it told last, and the group an admin has put it into. Outcomes by number;
-- times in Unix seconds by the station's clock, `reported` by the data center's.
CREATE TABLE software_station (
    station BLOB PRIMARY KEY REFERENCES station (id),
    station_group TEXT,
    runs TEXT,
    platform TEXT,
    channel TEXT,
    staged TEXT,
    last_version TEXT,
    last_outcome BIGINT,
    last_reason TEXT,
    last_at BIGINT,
    reported BIGINT
);
