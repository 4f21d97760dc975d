-- Counting place by place, what is found and was not in the task, and taking back a count.
-- by_place: the task has an item for each place where a material lies. An item's location_id is the place whose quantity it is
-- about; without one it is about all places together.
ALTER TABLE count_tasks ADD COLUMN by_place @int@ NOT NULL DEFAULT 0 CHECK (by_place IN (0, 1));

--:postgres
ALTER TABLE count_items DROP CONSTRAINT count_items_task_id_material_id_key;
ALTER TABLE count_items ADD COLUMN location_id BIGINT REFERENCES locations (id);
ALTER TABLE count_items ADD COLUMN is_found BIGINT NOT NULL DEFAULT 0 CHECK (is_found IN (0, 1));
UPDATE count_items SET location_id = t.location_id FROM count_tasks t WHERE t.id = count_items.task_id AND t.location_id IS NOT NULL;
--:end
-- SQLite cannot drop a constraint: the table is made anew, and with it the one that refers to it.
--:sqlite
CREATE TABLE older_entries AS SELECT * FROM count_entries;
DROP TABLE count_entries;
ALTER TABLE count_items RENAME TO older_items;
CREATE TABLE count_items (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id       INTEGER NOT NULL REFERENCES count_tasks (id),
    material_id   INTEGER NOT NULL REFERENCES materials (id),
    book_stock    INTEGER NOT NULL CHECK (book_stock >= 0),
    actual_stock  INTEGER CHECK (actual_stock >= 0),
    remark        TEXT,
    counted_by    INTEGER REFERENCES users (id),
    version       INTEGER NOT NULL DEFAULT 1,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    reason        TEXT,
    wants_recount INTEGER NOT NULL DEFAULT 0 CHECK (wants_recount IN (0, 1)),
    location_id   INTEGER REFERENCES locations (id),
    is_found      INTEGER NOT NULL DEFAULT 0 CHECK (is_found IN (0, 1))
) STRICT;
INSERT INTO count_items SELECT i.id, i.task_id, i.material_id, i.book_stock, i.actual_stock, i.remark, i.counted_by, i.version, i.created_at,
    i.updated_at, i.reason, i.wants_recount, t.location_id, 0 FROM older_items i JOIN count_tasks t ON t.id = i.task_id;
DROP TABLE older_items;
CREATE INDEX count_items_by_material ON count_items (material_id);
CREATE TABLE count_entries (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    item_id      INTEGER NOT NULL REFERENCES count_items (id),
    actual_stock INTEGER NOT NULL CHECK (actual_stock >= 0),
    book_stock   INTEGER NOT NULL,
    counted_by   INTEGER NOT NULL REFERENCES users (id),
    counted_at   INTEGER NOT NULL
) STRICT;
INSERT INTO count_entries SELECT * FROM older_entries ORDER BY id;
DROP TABLE older_entries;
CREATE INDEX count_entries_by_item ON count_entries (item_id, id);
--:end
CREATE UNIQUE INDEX count_items_once ON count_items (task_id, material_id) WHERE location_id IS NULL;
CREATE UNIQUE INDEX count_items_once_here ON count_items (task_id, material_id, location_id) WHERE location_id IS NOT NULL;

-- key: the id that the device gave the count, so that it counts once, however often it arrives. version: of its item, after it.
-- was_recount: a recount was wanted. withdrawn_at: taken back by who made it.
ALTER TABLE count_entries ADD COLUMN key @text@;
ALTER TABLE count_entries ADD COLUMN version @int@;
ALTER TABLE count_entries ADD COLUMN was_recount @int@ NOT NULL DEFAULT 0 CHECK (was_recount IN (0, 1));
ALTER TABLE count_entries ADD COLUMN withdrawn_at @int@;
CREATE UNIQUE INDEX count_entries_by_key ON count_entries (counted_by, key) WHERE key IS NOT NULL;

-- Who counts sees what others have counted meanwhile.
ALTER TABLE change_counters ADD COLUMN counting @int@ NOT NULL DEFAULT 0;
