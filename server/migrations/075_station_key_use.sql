-- When a station first signed with the key of a certificate: keys before it serve nothing new.
ALTER TABLE station_certificate ADD COLUMN first_used BIGINT;
