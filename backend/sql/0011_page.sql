-- What the page keeps for a person: how it is to look, lists as he has set them up, documents that he has not sent yet.
-- value, state and content are the page's own text: the service only keeps them.

CREATE TABLE user_preferences (
    user_id    @int@ NOT NULL REFERENCES users (id),
    key        @text@ NOT NULL,
    value      @text@ NOT NULL,
    updated_at @int@ NOT NULL,
    PRIMARY KEY (user_id, key)
) @strict@;

-- shared_with: nobody, everybody, or those of a role.
CREATE TABLE saved_views (
    id          @id@,
    owner_id    @int@ NOT NULL REFERENCES users (id),
    list        @text@ NOT NULL,
    name        @text@ NOT NULL,
    name_fold   @text@ NOT NULL,
    state       @text@ NOT NULL,
    shared_with @text@ NOT NULL DEFAULT 'nobody'
                CHECK (shared_with IN ('nobody', 'everybody', 'system_admin', 'inventory_manager', 'regular_user')),
    version     @int@ NOT NULL DEFAULT 1,
    created_at  @int@ NOT NULL,
    updated_at  @int@ NOT NULL,
    UNIQUE (owner_id, list, name_fold)
) @strict@;
CREATE INDEX saved_views_shared ON saved_views (list) WHERE shared_with <> 'nobody';

-- A receipt or an issue while somebody writes it. content stands last, so that lists need not read over it.
CREATE TABLE document_drafts (
    id         @id@,
    owner_id   @int@ NOT NULL REFERENCES users (id),
    kind       @text@ NOT NULL CHECK (kind IN ('in', 'out')),
    title      @text@,
    line_count @int@ NOT NULL DEFAULT 0,
    version    @int@ NOT NULL DEFAULT 1,
    created_at @int@ NOT NULL,
    updated_at @int@ NOT NULL,
    content    @text@ NOT NULL
) @strict@;
CREATE INDEX document_drafts_by_owner ON document_drafts (owner_id, updated_at, id);

-- How many materials of a category, status and unit there are, and their stock, for the sums under a list. As material_figures:
-- triggers keep it, mms verify proves it.
CREATE TABLE unit_figures (
    category         @text@ NOT NULL,
    status           @text@ NOT NULL,
    unit_id          @int@ NOT NULL REFERENCES units (id),
    materials        @int@ NOT NULL,
    stock_wholes     @int@ NOT NULL,
    stock_millionths @int@ NOT NULL,
    PRIMARY KEY (category, status, unit_id)
) @strict@;
INSERT INTO unit_figures (category, status, unit_id, materials, stock_wholes, stock_millionths)
    SELECT category, status, unit_id, COUNT(*), SUM(current_stock / 1000000), SUM(current_stock % 1000000)
    FROM materials GROUP BY category, status, unit_id;

--:postgres
CREATE FUNCTION unit_figures_add(of_category TEXT, of_status TEXT, of_unit BIGINT, sign BIGINT, stock BIGINT)
    RETURNS void LANGUAGE sql AS $$
    INSERT INTO unit_figures AS f (category, status, unit_id, materials, stock_wholes, stock_millionths)
        VALUES (of_category, of_status, of_unit, sign, sign * (stock / 1000000), sign * (stock % 1000000))
        ON CONFLICT (category, status, unit_id) DO UPDATE SET materials = f.materials + excluded.materials,
        stock_wholes = f.stock_wholes + excluded.stock_wholes, stock_millionths = f.stock_millionths + excluded.stock_millionths;
$$;
-- Both figures in one trigger, so that whoever stops it for very many rows stops both.
CREATE OR REPLACE FUNCTION material_figures_follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM material_figures_add(OLD.category, OLD.status, -1, OLD.current_stock, OLD.min_stock, OLD.stock_value);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM material_figures_add(NEW.category, NEW.status, 1, NEW.current_stock, NEW.min_stock, NEW.stock_value);
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.category = NEW.category AND OLD.status = NEW.status AND OLD.unit_id = NEW.unit_id THEN
        IF OLD.current_stock <> NEW.current_stock THEN
            UPDATE unit_figures SET stock_wholes = stock_wholes + NEW.current_stock / 1000000 - OLD.current_stock / 1000000,
                stock_millionths = stock_millionths + NEW.current_stock % 1000000 - OLD.current_stock % 1000000
                WHERE category = NEW.category AND status = NEW.status AND unit_id = NEW.unit_id;
        END IF;
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        PERFORM unit_figures_add(OLD.category, OLD.status, OLD.unit_id, -1, OLD.current_stock);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM unit_figures_add(NEW.category, NEW.status, NEW.unit_id, 1, NEW.current_stock);
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER material_figures_follow ON materials;
CREATE TRIGGER material_figures_follow AFTER INSERT OR DELETE OR UPDATE OF category, status, unit_id, current_stock, min_stock,
    stock_value ON materials FOR EACH ROW EXECUTE FUNCTION material_figures_follow();
--:end

--:sqlite
CREATE TRIGGER unit_figures_in AFTER INSERT ON materials BEGIN
    INSERT INTO unit_figures (category, status, unit_id, materials, stock_wholes, stock_millionths)
        VALUES (NEW.category, NEW.status, NEW.unit_id, 1, NEW.current_stock / 1000000, NEW.current_stock % 1000000)
        ON CONFLICT (category, status, unit_id) DO UPDATE SET materials = materials + 1,
        stock_wholes = stock_wholes + excluded.stock_wholes, stock_millionths = stock_millionths + excluded.stock_millionths;
END;
CREATE TRIGGER unit_figures_out AFTER DELETE ON materials BEGIN
    UPDATE unit_figures SET materials = materials - 1, stock_wholes = stock_wholes - OLD.current_stock / 1000000,
        stock_millionths = stock_millionths - OLD.current_stock % 1000000
        WHERE category = OLD.category AND status = OLD.status AND unit_id = OLD.unit_id;
END;
CREATE TRIGGER unit_figures_stay AFTER UPDATE OF current_stock ON materials
    WHEN NEW.current_stock <> OLD.current_stock AND NEW.category = OLD.category AND NEW.status = OLD.status
    AND NEW.unit_id = OLD.unit_id BEGIN
    UPDATE unit_figures SET stock_wholes = stock_wholes + NEW.current_stock / 1000000 - OLD.current_stock / 1000000,
        stock_millionths = stock_millionths + NEW.current_stock % 1000000 - OLD.current_stock % 1000000
        WHERE category = NEW.category AND status = NEW.status AND unit_id = NEW.unit_id;
END;
CREATE TRIGGER unit_figures_go AFTER UPDATE OF category, status, unit_id ON materials
    WHEN NEW.category <> OLD.category OR NEW.status <> OLD.status OR NEW.unit_id <> OLD.unit_id BEGIN
    UPDATE unit_figures SET materials = materials - 1, stock_wholes = stock_wholes - OLD.current_stock / 1000000,
        stock_millionths = stock_millionths - OLD.current_stock % 1000000
        WHERE category = OLD.category AND status = OLD.status AND unit_id = OLD.unit_id;
    INSERT INTO unit_figures (category, status, unit_id, materials, stock_wholes, stock_millionths)
        VALUES (NEW.category, NEW.status, NEW.unit_id, 1, NEW.current_stock / 1000000, NEW.current_stock % 1000000)
        ON CONFLICT (category, status, unit_id) DO UPDATE SET materials = materials + 1,
        stock_wholes = stock_wholes + excluded.stock_wholes, stock_millionths = stock_millionths + excluded.stock_millionths;
END;
--:end
