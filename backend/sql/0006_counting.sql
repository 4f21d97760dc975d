-- Counting: what a task is about (scope), blind counting, review, recounts, reasons, and every count that was entered.
-- scope: selection (the materials were named), category, location (what lies there), all. With a location, book quantities are
-- the place's, and differences are posted there.
ALTER TABLE count_tasks ADD COLUMN scope @text@ NOT NULL DEFAULT 'selection' CHECK (scope IN ('selection', 'category', 'location', 'all'));
ALTER TABLE count_tasks ADD COLUMN category @text@;
ALTER TABLE count_tasks ADD COLUMN location_id @int@ REFERENCES locations (id);
ALTER TABLE count_tasks ADD COLUMN is_blind @int@ NOT NULL DEFAULT 0 CHECK (is_blind IN (0, 1));
ALTER TABLE count_tasks ADD COLUMN in_review @int@ NOT NULL DEFAULT 0 CHECK (in_review IN (0, 1)); -- while in_progress
ALTER TABLE count_tasks ADD COLUMN reason_percent @int@; -- a difference of more than this, of the book quantity, wants a reason
ALTER TABLE count_tasks ADD COLUMN reason_value @int@;   -- … or of more than this value (millionths of a yuan)

ALTER TABLE count_items ADD COLUMN reason @text@;
ALTER TABLE count_items ADD COLUMN wants_recount @int@ NOT NULL DEFAULT 0 CHECK (wants_recount IN (0, 1));

CREATE TABLE count_entries (
    id           @id@,
    item_id      @int@ NOT NULL REFERENCES count_items (id),
    actual_stock @int@ NOT NULL CHECK (actual_stock >= 0),
    book_stock   @int@ NOT NULL, -- at that moment
    counted_by   @int@ NOT NULL REFERENCES users (id),
    counted_at   @int@ NOT NULL
) @strict@;
CREATE INDEX count_entries_by_item ON count_entries (item_id, id);
INSERT INTO count_entries (item_id, actual_stock, book_stock, counted_by, counted_at)
    SELECT id, actual_stock, book_stock, counted_by, updated_at FROM count_items
    WHERE actual_stock IS NOT NULL AND counted_by IS NOT NULL ORDER BY id;

INSERT INTO settings (key, value, updated_at) VALUES ('counting.reason_percent', 'none', 0), ('counting.reason_value', 'none', 0);
