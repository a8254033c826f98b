-- What was signed is kept as it was: the engine itself refuses to change or remove it.
CREATE TRIGGER repository_metadata_is_not_changed BEFORE UPDATE ON repository_metadata
BEGIN SELECT RAISE(ABORT, 'metadata of the repository is append-only'); END;
CREATE TRIGGER repository_metadata_is_not_removed BEFORE DELETE ON repository_metadata
BEGIN SELECT RAISE(ABORT, 'metadata of the repository is append-only'); END;
