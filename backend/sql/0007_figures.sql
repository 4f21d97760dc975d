-- Figures kept with each change, so that what is looked at all day need not add up materials, documents or moves.
-- Triggers keep them: whoever writes, they follow. mms verify proves them.

-- Of all materials of a category and status. Sums of many materials may pass 64 bits in millionths: wholes and millionths apart.
CREATE TABLE material_figures (
    category         @text@ NOT NULL,
    status           @text@ NOT NULL,
    materials        @int@ NOT NULL,
    low              @int@ NOT NULL, -- of these: with a minimum, and not above it
    stock_wholes     @int@ NOT NULL,
    stock_millionths @int@ NOT NULL,
    value_wholes     @int@ NOT NULL,
    value_millionths @int@ NOT NULL,
    PRIMARY KEY (category, status)
) @strict@;
INSERT INTO material_figures (category, status, materials, low, stock_wholes, stock_millionths, value_wholes, value_millionths)
    SELECT category, status, COUNT(*), SUM(CASE WHEN min_stock > 0 AND current_stock <= min_stock THEN 1 ELSE 0 END),
    SUM(current_stock / 1000000), SUM(current_stock % 1000000), SUM(stock_value / 1000000), SUM(stock_value % 1000000)
    FROM materials GROUP BY category, status;

-- How many documents wait. One row.
CREATE TABLE pending_documents (
    id @int@ NOT NULL PRIMARY KEY CHECK (id = 1),
    n  @int@ NOT NULL
) @strict@;
INSERT INTO pending_documents (id, n) SELECT 1, COUNT(*) FROM documents WHERE status = 'pending';

-- What each material moved in the last 30 days of the company, which begin at recent_window.from_at and are the last ones until
-- until_at. The first posting after that shifts them (domain/recent_moves.h), as does the first one of all; moves_by_time finds what
-- has come and gone.
CREATE INDEX moves_by_time ON moves (posted_at);
CREATE TABLE recent_window (
    id       @int@ NOT NULL PRIMARY KEY CHECK (id = 1),
    from_at  @int@ NOT NULL,
    until_at @int@ NOT NULL
) @strict@;
INSERT INTO recent_window (id, from_at, until_at) VALUES (1, 9000000000000000, 9000000000000000);
ALTER TABLE materials ADD COLUMN recent_moves @int@ NOT NULL DEFAULT 0;
ALTER TABLE materials ADD COLUMN recent_received @int@ NOT NULL DEFAULT 0;
ALTER TABLE materials ADD COLUMN recent_issued @int@ NOT NULL DEFAULT 0;
CREATE INDEX materials_most_moved ON materials (recent_moves DESC, id) WHERE recent_moves > 0;

-- When a material last moved, for what lies still. What has moved lately is not in the index, so that most postings leave it alone.
ALTER TABLE materials ADD COLUMN last_moved_at @int@;
UPDATE materials SET last_moved_at =
    (SELECT v.posted_at FROM moves v WHERE v.material_id = materials.id AND v.seq = materials.move_count) WHERE move_count > 0;
CREATE INDEX materials_lying_still ON materials (last_moved_at, id) WHERE recent_moves = 0 AND current_stock > 0;

-- The emptiest first. Millionths of the minimum, in a way that no product passes 64 bits (the same expression in dashboard.c).
CREATE INDEX materials_emptiest ON materials (status, (CASE WHEN current_stock < 9000000000000 THEN current_stock * 1000000 / min_stock
    ELSE current_stock / (min_stock / 1000000) END), current_stock, id)
    WHERE min_stock > 0 AND current_stock <= min_stock;

--:postgres
CREATE FUNCTION material_figures_add(of_category TEXT, of_status TEXT, sign BIGINT, stock BIGINT, minimum BIGINT, worth BIGINT)
    RETURNS void LANGUAGE sql AS $$
    INSERT INTO material_figures AS f (category, status, materials, low, stock_wholes, stock_millionths, value_wholes, value_millionths)
        VALUES (of_category, of_status, sign, CASE WHEN minimum > 0 AND stock <= minimum THEN sign ELSE 0 END,
        sign * (stock / 1000000), sign * (stock % 1000000), sign * (worth / 1000000), sign * (worth % 1000000))
        ON CONFLICT (category, status) DO UPDATE SET materials = f.materials + excluded.materials, low = f.low + excluded.low,
        stock_wholes = f.stock_wholes + excluded.stock_wholes, stock_millionths = f.stock_millionths + excluded.stock_millionths,
        value_wholes = f.value_wholes + excluded.value_wholes, value_millionths = f.value_millionths + excluded.value_millionths;
$$;
CREATE FUNCTION material_figures_follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM material_figures_add(OLD.category, OLD.status, -1, OLD.current_stock, OLD.min_stock, OLD.stock_value);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM material_figures_add(NEW.category, NEW.status, 1, NEW.current_stock, NEW.min_stock, NEW.stock_value);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER material_figures_follow AFTER INSERT OR DELETE OR UPDATE OF category, status, current_stock, min_stock, stock_value
    ON materials FOR EACH ROW EXECUTE FUNCTION material_figures_follow();

CREATE FUNCTION pending_documents_follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE pending_documents SET n = n + CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END WHERE id = 1;
    RETURN NULL;
END $$;
CREATE TRIGGER pending_documents_in AFTER INSERT ON documents FOR EACH ROW WHEN (NEW.status = 'pending')
    EXECUTE FUNCTION pending_documents_follow();
CREATE TRIGGER pending_documents_out AFTER UPDATE OF status ON documents
    FOR EACH ROW WHEN (OLD.status = 'pending' AND NEW.status <> 'pending') EXECUTE FUNCTION pending_documents_follow();
--:end

--:sqlite
CREATE TRIGGER material_figures_in AFTER INSERT ON materials BEGIN
    INSERT INTO material_figures (category, status, materials, low, stock_wholes, stock_millionths, value_wholes, value_millionths)
        VALUES (NEW.category, NEW.status, 1, NEW.min_stock > 0 AND NEW.current_stock <= NEW.min_stock,
        NEW.current_stock / 1000000, NEW.current_stock % 1000000, NEW.stock_value / 1000000, NEW.stock_value % 1000000)
        ON CONFLICT (category, status) DO UPDATE SET materials = materials + 1, low = low + excluded.low,
        stock_wholes = stock_wholes + excluded.stock_wholes, stock_millionths = stock_millionths + excluded.stock_millionths,
        value_wholes = value_wholes + excluded.value_wholes, value_millionths = value_millionths + excluded.value_millionths;
END;
CREATE TRIGGER material_figures_out AFTER DELETE ON materials BEGIN
    UPDATE material_figures SET materials = materials - 1, low = low - (OLD.min_stock > 0 AND OLD.current_stock <= OLD.min_stock),
        stock_wholes = stock_wholes - OLD.current_stock / 1000000, stock_millionths = stock_millionths - OLD.current_stock % 1000000,
        value_wholes = value_wholes - OLD.stock_value / 1000000, value_millionths = value_millionths - OLD.stock_value % 1000000
        WHERE category = OLD.category AND status = OLD.status;
END;
-- What every posting does, in one statement.
CREATE TRIGGER material_figures_stay AFTER UPDATE OF category, status, current_stock, min_stock, stock_value ON materials
    WHEN NEW.category = OLD.category AND NEW.status = OLD.status BEGIN
    UPDATE material_figures SET low = low + (NEW.min_stock > 0 AND NEW.current_stock <= NEW.min_stock)
        - (OLD.min_stock > 0 AND OLD.current_stock <= OLD.min_stock),
        stock_wholes = stock_wholes + NEW.current_stock / 1000000 - OLD.current_stock / 1000000,
        stock_millionths = stock_millionths + NEW.current_stock % 1000000 - OLD.current_stock % 1000000,
        value_wholes = value_wholes + NEW.stock_value / 1000000 - OLD.stock_value / 1000000,
        value_millionths = value_millionths + NEW.stock_value % 1000000 - OLD.stock_value % 1000000
        WHERE category = NEW.category AND status = NEW.status;
END;
CREATE TRIGGER material_figures_go AFTER UPDATE OF category, status ON materials
    WHEN NEW.category <> OLD.category OR NEW.status <> OLD.status BEGIN
    UPDATE material_figures SET materials = materials - 1, low = low - (OLD.min_stock > 0 AND OLD.current_stock <= OLD.min_stock),
        stock_wholes = stock_wholes - OLD.current_stock / 1000000, stock_millionths = stock_millionths - OLD.current_stock % 1000000,
        value_wholes = value_wholes - OLD.stock_value / 1000000, value_millionths = value_millionths - OLD.stock_value % 1000000
        WHERE category = OLD.category AND status = OLD.status;
    INSERT INTO material_figures (category, status, materials, low, stock_wholes, stock_millionths, value_wholes, value_millionths)
        VALUES (NEW.category, NEW.status, 1, NEW.min_stock > 0 AND NEW.current_stock <= NEW.min_stock,
        NEW.current_stock / 1000000, NEW.current_stock % 1000000, NEW.stock_value / 1000000, NEW.stock_value % 1000000)
        ON CONFLICT (category, status) DO UPDATE SET materials = materials + 1, low = low + excluded.low,
        stock_wholes = stock_wholes + excluded.stock_wholes, stock_millionths = stock_millionths + excluded.stock_millionths,
        value_wholes = value_wholes + excluded.value_wholes, value_millionths = value_millionths + excluded.value_millionths;
END;

CREATE TRIGGER pending_documents_in AFTER INSERT ON documents WHEN NEW.status = 'pending'
    BEGIN UPDATE pending_documents SET n = n + 1 WHERE id = 1; END;
CREATE TRIGGER pending_documents_out AFTER UPDATE OF status ON documents WHEN OLD.status = 'pending' AND NEW.status <> 'pending'
    BEGIN UPDATE pending_documents SET n = n - 1 WHERE id = 1; END;

-- REPLACE deletes what it conflicts with, and does not fire the triggers on DELETE unless recursive_triggers is on.
CREATE TRIGGER operation_log_no_replace BEFORE INSERT ON operation_log
    WHEN EXISTS (SELECT 1 FROM operation_log WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER moves_no_replace BEFORE INSERT ON moves
    WHEN EXISTS (SELECT 1 FROM moves WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM moves WHERE material_id = NEW.material_id AND seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'moves are append-only'); END;
CREATE TRIGGER documents_no_replace BEFORE INSERT ON documents
    WHEN EXISTS (SELECT 1 FROM documents WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM documents WHERE number = NEW.number)
    OR EXISTS (SELECT 1 FROM documents WHERE reverses_id = NEW.reverses_id AND status IN ('pending', 'approved'))
    BEGIN SELECT RAISE(ABORT, 'documents are never deleted'); END;
CREATE TRIGGER document_lines_no_replace BEFORE INSERT ON document_lines
    WHEN EXISTS (SELECT 1 FROM document_lines WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM document_lines WHERE document_id = NEW.document_id AND line_no = NEW.line_no)
    BEGIN SELECT RAISE(ABORT, 'lines are final'); END;
CREATE TRIGGER log_seals_no_replace BEFORE INSERT ON log_seals
    WHEN EXISTS (SELECT 1 FROM log_seals WHERE id = NEW.id OR last_id = NEW.last_id)
    BEGIN SELECT RAISE(ABORT, 'seals are final'); END;
--:end
