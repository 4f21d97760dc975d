-- The operation log as a chain: each row carries a hash over itself and the hash of the row before (domain/audit.h).
-- Rows written before this migration have none; the chain begins at log_head.first_id.
ALTER TABLE operation_log ADD COLUMN hash @text@;

-- One row: the end of the chain. It follows by itself, so that rows cut off the end are missed.
CREATE TABLE log_head (
    id       @int@ NOT NULL PRIMARY KEY CHECK (id = 1),
    first_id @int@ NOT NULL,
    last_id  @int@ NOT NULL,
    hash     @text@ NOT NULL
) @strict@;
INSERT INTO log_head (id, first_id, last_id, hash)
    SELECT 1, COALESCE(MAX(id), 0) + 1, COALESCE(MAX(id), 0), '0000000000000000000000000000000000000000000000000000000000000000'
    FROM operation_log;

-- What was sealed and exported (mms audit seal): the rows first_id … last_id, the hash of the last one, and of the file.
CREATE TABLE log_seals (
    id        @kept_id@,
    first_id  @int@ NOT NULL,
    last_id   @int@ NOT NULL UNIQUE,
    hash      @text@ NOT NULL,
    file_name @text@ NOT NULL,
    file_hash @text@ NOT NULL,
    sealed_at @int@ NOT NULL,
    CHECK (first_id > 0 AND last_id >= first_id)
) @strict@;

--:postgres
ALTER TABLE operation_log ALTER COLUMN id DROP IDENTITY; -- the next id is the head's, without gaps
CREATE FUNCTION log_head_follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.id IS NULL THEN
        SELECT last_id + 1 INTO NEW.id FROM log_head WHERE id = 1;
    END IF;
    UPDATE log_head SET last_id = NEW.id, hash = COALESCE(NEW.hash, '') WHERE id = 1 AND last_id < NEW.id;
    RETURN NEW;
END $$;
CREATE TRIGGER log_head_follows BEFORE INSERT ON operation_log FOR EACH ROW EXECUTE FUNCTION log_head_follow();
CREATE TRIGGER log_seals_no_change BEFORE UPDATE OR DELETE ON log_seals
    FOR EACH ROW EXECUTE FUNCTION refuse_change('seals are final');
CREATE TRIGGER log_seals_no_truncate BEFORE TRUNCATE ON log_seals EXECUTE FUNCTION refuse_change('seals are final');
--:end

--:sqlite
CREATE TRIGGER log_head_follows AFTER INSERT ON operation_log
    BEGIN UPDATE log_head SET last_id = NEW.id, hash = COALESCE(NEW.hash, '') WHERE id = 1 AND last_id < NEW.id; END;
CREATE TRIGGER log_seals_no_update BEFORE UPDATE ON log_seals BEGIN SELECT RAISE(ABORT, 'seals are final'); END;
CREATE TRIGGER log_seals_no_delete BEFORE DELETE ON log_seals BEGIN SELECT RAISE(ABORT, 'seals are final'); END;
--:end
