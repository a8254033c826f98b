-- Editions come from the signed repository alone: its documents say which content counts.
ALTER TABLE editions DROP COLUMN manifest;
