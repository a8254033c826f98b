-- The mirror is append-only: the engine itself refuses to change or remove what was written.
CREATE TRIGGER station_record_is_not_changed BEFORE UPDATE ON station_record
BEGIN SELECT RAISE(ABORT, 'the mirror is append-only'); END;
CREATE TRIGGER station_record_is_not_removed BEFORE DELETE ON station_record
BEGIN SELECT RAISE(ABORT, 'the mirror is append-only'); END;
CREATE TRIGGER station_piece_is_not_changed BEFORE UPDATE ON station_piece
BEGIN SELECT RAISE(ABORT, 'the mirror is append-only'); END;
CREATE TRIGGER station_piece_is_not_removed BEFORE DELETE ON station_piece
BEGIN SELECT RAISE(ABORT, 'the mirror is append-only'); END;
CREATE TRIGGER mirror_is_not_removed BEFORE DELETE ON mirror
BEGIN SELECT RAISE(ABORT, 'the mirror is append-only'); END;
CREATE TRIGGER mirror_only_grows BEFORE UPDATE ON mirror
WHEN NEW.vault <> OLD.vault OR NEW.size <= OLD.size
BEGIN SELECT RAISE(ABORT, 'the mirror only grows'); END;
