-- The foundation: people, materials, documents, the stock ledger.
-- Conventions: @id@ where rows may be deleted (an id never comes back), @kept_id@ where they never are; whole numbers @int@; decimals are whole millionths (…_stock, quantity, unit_price, …_amount);
-- instants are whole milliseconds UTC (…_at); …_fold is the form in which text is compared (base/text.h text_fold).

CREATE TABLE settings (
    key        @text@ NOT NULL PRIMARY KEY,
    value      @text@ NOT NULL,
    updated_at @int@ NOT NULL
) @strict@;
INSERT INTO settings (key, value, updated_at) VALUES
    ('company.timezone', 'Asia/Shanghai', 0),
    -- who may approve a document of his own: nobody, administrators, everybody
    ('approval.own_documents', 'administrators', 0);

-- ---------------------------------------------------------------- people
CREATE TABLE users (
    id                   @id@,
    username             @text@ NOT NULL,
    username_fold        @text@ NOT NULL,
    password_hash        @text@ NOT NULL,
    role                 @text@ NOT NULL CHECK (role IN ('system_admin', 'inventory_manager', 'regular_user')),
    real_name            @text@,
    email                @text@,
    avatar               @text@,
    status               @text@ NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled', 'closed')),
    must_change_password @int@ NOT NULL DEFAULT 0 CHECK (must_change_password IN (0, 1)),
    created_at           @int@ NOT NULL,
    updated_at           @int@ NOT NULL
) @strict@;
-- A closed account keeps its name in history and gives it free for a new one.
CREATE UNIQUE INDEX users_by_name ON users (username_fold) WHERE status <> 'closed';
CREATE INDEX users_by_age ON users (created_at, id);

-- A session is one signed-in device: the family of its refresh tokens.
CREATE TABLE sessions (
    id         @id@,
    user_id    @int@ NOT NULL REFERENCES users (id),
    ip_address @text@ NOT NULL,
    user_agent @text@,
    created_at @int@ NOT NULL,
    expires_at @int@ NOT NULL,
    ended_at   @int@,
    end_reason @text@ CHECK (end_reason IN ('logout', 'password', 'disabled', 'token_reuse'))
) @strict@;
CREATE INDEX sessions_by_user ON sessions (user_id, ended_at);
CREATE INDEX sessions_by_age ON sessions (created_at);

-- fresh: never used; used: used, its successors are not; dead: a successor has been used (seen again: stolen).
-- parent_id: whose successor a fresh one is; a used or dead one has forgotten it.
CREATE TABLE refresh_tokens (
    id         @id@,
    session_id @int@ NOT NULL REFERENCES sessions (id),
    parent_id  @int@ REFERENCES refresh_tokens (id),
    token_hash @text@ NOT NULL UNIQUE,
    state      @text@ NOT NULL DEFAULT 'fresh' CHECK (state IN ('fresh', 'used', 'dead')),
    created_at @int@ NOT NULL
) @strict@;
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_by_parent ON refresh_tokens (parent_id);
CREATE INDEX refresh_tokens_by_age ON refresh_tokens (created_at);

CREATE TABLE login_failures (
    id            @id@,
    username_fold @text@ NOT NULL,
    ip_address    @text@ NOT NULL,
    failed_at     @int@ NOT NULL
) @strict@;
CREATE INDEX login_failures_by_name ON login_failures (username_fold, failed_at);
CREATE INDEX login_failures_by_address ON login_failures (ip_address, failed_at);
CREATE INDEX login_failures_by_time ON login_failures (failed_at);

-- ---------------------------------------------------------------- materials
CREATE TABLE units (
    id           @id@,
    code         @text@ NOT NULL UNIQUE,
    name_zh      @text@,
    name_en      @text@,
    decimals     @int@ NOT NULL CHECK (decimals BETWEEN 0 AND 6),
    needs_review @int@ NOT NULL DEFAULT 0 CHECK (needs_review IN (0, 1)),
    created_at   @int@ NOT NULL
) @strict@;

-- A tree. The virtual ones are the other end of a move: where stock comes from and goes to.
CREATE TABLE locations (
    id         @id@,
    parent_id  @int@ REFERENCES locations (id),
    code       @text@ NOT NULL,
    code_fold  @text@ NOT NULL UNIQUE,
    name_zh    @text@ NOT NULL,
    name_en    @text@,
    kind       @text@ NOT NULL CHECK (kind IN ('storage', 'supplier', 'consumption', 'count_difference', 'scrap')),
    is_real    @int@ NOT NULL,
    created_at @int@ NOT NULL,
    CHECK (is_real = CASE kind WHEN 'storage' THEN 1 ELSE 0 END),
    UNIQUE (id, is_real)
) @strict@;
INSERT INTO locations (id, parent_id, code, code_fold, name_zh, name_en, kind, is_real, created_at) VALUES
    (1, NULL, 'SUPPLIER',    'supplier',    '供应商',   'Supplier',         'supplier',         0, 0),
    (2, NULL, 'CONSUMPTION', 'consumption', '生产领用', 'Consumption',      'consumption',      0, 0),
    (3, NULL, 'DIFFERENCE',  'difference',  '盘点差异', 'Count difference', 'count_difference', 0, 0),
    (4, NULL, 'SCRAP',       'scrap',       '报废',     'Scrap',            'scrap',            0, 0),
    (5, NULL, 'MAIN',        'main',        '主仓库',   'Main store',       'storage',          1, 0);

CREATE TABLE materials (
    id                       @id@,
    material_code            @text@ NOT NULL,
    code_fold                @text@ NOT NULL UNIQUE,
    material_name            @text@ NOT NULL,
    name_en                  @text@,
    name_fold                @text@ NOT NULL,
    category                 @text@ NOT NULL CHECK (category IN ('chemical', 'metal')),
    subcategory              @text@,
    unit_id                  @int@ NOT NULL REFERENCES units (id),
    qty_decimals             @int@ CHECK (qty_decimals BETWEEN 0 AND 6),
    current_stock            @int@ NOT NULL DEFAULT 0 CHECK (current_stock >= 0),
    move_count               @int@ NOT NULL DEFAULT 0,
    stock_value              @int@ NOT NULL DEFAULT 0 CHECK (stock_value >= 0), -- by moving average of receipts
    min_stock                @int@ NOT NULL DEFAULT 0 CHECK (min_stock >= 0),
    max_stock                @int@ NOT NULL DEFAULT 0 CHECK (max_stock >= 0),
    location                 @text@,
    description              @text@,
    cas_no                   @text@,
    un_no                    @text@,
    ghs_pictograms           @text@,
    hazard_statements        @text@,
    storage_class            @text@,
    control_flags            @text@,
    metal_grade              @text@,
    standard                 @text@,
    track_by                 @text@,
    shelf_life_days          @int@,
    shelf_life_basis         @text@,
    periodic_inspection_days @int@,
    storage_condition        @text@,
    cert_required            @text@,
    cas_check                @text@,
    note                     @text@,
    status                   @text@ NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'retired')),
    version                  @int@ NOT NULL DEFAULT 1,
    created_by               @int@ REFERENCES users (id),
    created_at               @int@ NOT NULL,
    updated_at               @int@ NOT NULL
) @strict@;
CREATE INDEX materials_by_age ON materials (status, created_at, id);
CREATE INDEX materials_by_category ON materials (status, category, created_at, id);
CREATE INDEX materials_by_name ON materials (status, name_fold, id);
CREATE INDEX materials_by_code ON materials (status, code_fold, id);
CREATE INDEX materials_by_stock ON materials (status, current_stock, id);
CREATE INDEX materials_low ON materials (status, created_at, id) WHERE min_stock > 0 AND current_stock <= min_stock;

CREATE TABLE material_code_history (
    id            @id@,
    material_id   @int@ NOT NULL REFERENCES materials (id),
    old_code      @text@ NOT NULL,
    new_code      @text@ NOT NULL,
    changed_by    @int@ NOT NULL REFERENCES users (id),
    change_reason @text@,
    created_at    @int@ NOT NULL
) @strict@;
CREATE INDEX material_code_history_by_material ON material_code_history (material_id, id);

-- Every material has a lot '' (untracked) and as many named ones as come in.
CREATE TABLE lots (
    id          @id@,
    material_id @int@ NOT NULL REFERENCES materials (id),
    lot_no      @text@ NOT NULL,
    expires_day @int@,
    created_at  @int@ NOT NULL,
    UNIQUE (material_id, lot_no),
    UNIQUE (id, material_id)
) @strict@;

-- ---------------------------------------------------------------- documents
CREATE TABLE documents (
    id              @kept_id@,
    number          @text@ NOT NULL UNIQUE,
    kind            @text@ NOT NULL CHECK (kind IN ('receipt', 'issue')),
    purpose         @text@ NOT NULL CHECK (purpose IN ('purchase', 'opening', 'return', 'production', 'scrap', 'reversal', 'count')),
    status          @text@ NOT NULL DEFAULT 'pending'
                    -- not IN: SQLite would build a table of the four at every change
                    CHECK (status = 'approved' OR status = 'pending' OR status = 'rejected' OR status = 'cancelled'),
    reverses_id     @int@ REFERENCES documents (id),
    line_count      @int@ NOT NULL CHECK (line_count > 0),
    total_amount    @int@,
    remark          @text@,
    approval_remark @text@,
    applicant_id    @int@ NOT NULL REFERENCES users (id),
    approver_id     @int@ REFERENCES users (id),
    created_at      @int@ NOT NULL,
    updated_at      @int@ NOT NULL,
    approved_at     @int@,
    CHECK ((status = 'approved') = (approved_at IS NOT NULL))
) @strict@;
-- A document is reversed once; a reversal that was rejected or cancelled does not count.
CREATE UNIQUE INDEX documents_reversed_once ON documents (reverses_id) WHERE status IN ('pending', 'approved');
CREATE INDEX documents_by_age ON documents (created_at, id);
CREATE INDEX documents_by_status ON documents (status, created_at, id);
CREATE INDEX documents_by_applicant ON documents (applicant_id, created_at, id);

-- Numbers without gaps per kind and company day.
CREATE TABLE document_numbers (
    prefix @text@ NOT NULL,
    day    @int@ NOT NULL,
    last   @int@ NOT NULL,
    PRIMARY KEY (prefix, day)
) @strict@;

CREATE TABLE document_lines (
    id          @kept_id@,
    document_id @int@ NOT NULL REFERENCES documents (id),
    line_no     @int@ NOT NULL CHECK (line_no > 0),
    material_id @int@ NOT NULL REFERENCES materials (id),
    quantity    @int@ NOT NULL CHECK (quantity > 0),
    unit_price  @int@ CHECK (unit_price >= 0),
    amount      @int@,
    lot_id      @int@,
    location_id @int@ REFERENCES locations (id),
    remark      @text@,
    UNIQUE (document_id, line_no),
    FOREIGN KEY (lot_id, material_id) REFERENCES lots (id, material_id)
) @strict@;
CREATE INDEX document_lines_by_material ON document_lines (material_id, document_id);

-- ---------------------------------------------------------------- the ledger
-- Append-only. stock_before and stock_after are the material's real stock around this move; seq counts a material's moves;
-- value is what went with the quantity (millionths of a yuan, whole fen).
CREATE TABLE moves (
    id               @kept_id@,
    document_id      @int@ NOT NULL REFERENCES documents (id),
    line_id          @int@ NOT NULL REFERENCES document_lines (id),
    material_id      @int@ NOT NULL REFERENCES materials (id),
    lot_id           @int@ NOT NULL,
    from_location_id @int@ NOT NULL REFERENCES locations (id),
    to_location_id   @int@ NOT NULL REFERENCES locations (id),
    quantity         @int@ NOT NULL CHECK (quantity > 0),
    seq              @int@ NOT NULL CHECK (seq > 0),
    stock_before     @int@ NOT NULL CHECK (stock_before >= 0),
    stock_after      @int@ NOT NULL CHECK (stock_after >= 0),
    value            @int@ NOT NULL CHECK (value >= 0),
    posted_at        @int@ NOT NULL,
    posted_by        @int@ NOT NULL REFERENCES users (id),
    CHECK (from_location_id <> to_location_id),
    UNIQUE (material_id, seq),
    FOREIGN KEY (lot_id, material_id) REFERENCES lots (id, material_id)
) @strict@;
CREATE INDEX moves_by_document ON moves (document_id);

-- The database itself refuses a negative stock: is_real is tied to the location by the foreign key.
CREATE TABLE balances (
    material_id @int@ NOT NULL REFERENCES materials (id),
    lot_id      @int@ NOT NULL,
    location_id @int@ NOT NULL,
    is_real     @int@ NOT NULL,
    quantity    @int@ NOT NULL,
    PRIMARY KEY (material_id, lot_id, location_id),
    CHECK (is_real = 0 OR quantity >= 0),
    FOREIGN KEY (lot_id, material_id) REFERENCES lots (id, material_id),
    FOREIGN KEY (location_id, is_real) REFERENCES locations (id, is_real)
) @strict@;

-- What was posted, by quarter of an hour (of UTC): days of any zone can be added up from it.
CREATE TABLE posted_quarters (
    quarter   @int@ NOT NULL,
    kind      @text@ NOT NULL CHECK (kind = 'receipt' OR kind = 'issue'),
    documents @int@ NOT NULL,
    quantity  @int@ NOT NULL,
    PRIMARY KEY (quarter, kind)
) @strict@;

-- ---------------------------------------------------------------- traces
CREATE TABLE operation_log (
    id            @kept_id@,
    user_id       @int@ REFERENCES users (id),
    module        @text@ NOT NULL,
    action        @text@ NOT NULL,
    resource_type @text@,
    resource_id   @int@,
    description   @text@ NOT NULL,
    changes       @text@,
    ip_address    @text@,
    user_agent    @text@,
    request_id    @text@,
    created_at    @int@ NOT NULL
) @strict@;
CREATE INDEX operation_log_by_time ON operation_log (created_at, id);

-- The first answer to a request with an Idempotency-Key; fingerprint is a keyed hash of what was asked.
CREATE TABLE idempotency (
    user_id     @int@ NOT NULL REFERENCES users (id),
    key         @text@ NOT NULL,
    fingerprint @text@ NOT NULL,
    status      @int@ NOT NULL,
    body        @text@ NOT NULL,
    created_at  @int@ NOT NULL,
    PRIMARY KEY (user_id, key)
) @strict@;
CREATE INDEX idempotency_by_time ON idempotency (created_at);

-- One row. A column grows with every change of its topic; what lists remember is valid for one value of it.
CREATE TABLE change_counters (
    id        @int@ NOT NULL PRIMARY KEY CHECK (id = 1),
    materials @int@ NOT NULL,
    stock     @int@ NOT NULL,
    documents @int@ NOT NULL,
    users     @int@ NOT NULL
) @strict@;
INSERT INTO change_counters (id, materials, stock, documents, users) VALUES (1, 0, 0, 0, 0);

-- Written by the health check, to see that writing works.
CREATE TABLE heartbeat (
    id      @int@ NOT NULL PRIMARY KEY CHECK (id = 1),
    beat_at @int@ NOT NULL
) @strict@;
INSERT INTO heartbeat (id, beat_at) VALUES (1, 0);

--:postgres
ALTER TABLE locations ALTER COLUMN id RESTART WITH 6;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$;
CREATE TRIGGER moves_no_change BEFORE UPDATE OR DELETE ON moves
    FOR EACH ROW EXECUTE FUNCTION refuse_change('moves are append-only');
CREATE TRIGGER moves_no_truncate BEFORE TRUNCATE ON moves EXECUTE FUNCTION refuse_change('moves are append-only');
CREATE TRIGGER operation_log_no_change BEFORE UPDATE OR DELETE ON operation_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change('the log is append-only');
CREATE TRIGGER operation_log_no_truncate BEFORE TRUNCATE ON operation_log
    EXECUTE FUNCTION refuse_change('the log is append-only');
CREATE TRIGGER documents_no_delete BEFORE DELETE ON documents
    FOR EACH ROW EXECUTE FUNCTION refuse_change('documents are never deleted');
CREATE TRIGGER documents_no_truncate BEFORE TRUNCATE ON documents
    EXECUTE FUNCTION refuse_change('documents are never deleted');
CREATE TRIGGER documents_final BEFORE UPDATE ON documents FOR EACH ROW WHEN (OLD.status <> 'pending')
    EXECUTE FUNCTION refuse_change('a finished document is final');
CREATE TRIGGER document_lines_no_change BEFORE UPDATE OR DELETE ON document_lines
    FOR EACH ROW EXECUTE FUNCTION refuse_change('lines are final');
CREATE TRIGGER document_lines_no_truncate BEFORE TRUNCATE ON document_lines
    EXECUTE FUNCTION refuse_change('lines are final');

CREATE FUNCTION require_status() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF (SELECT status FROM documents WHERE id = NEW.document_id) IS DISTINCT FROM TG_ARGV[0] THEN
        RAISE EXCEPTION '%', TG_ARGV[1];
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER document_lines_no_late_insert BEFORE INSERT ON document_lines
    FOR EACH ROW EXECUTE FUNCTION require_status('pending', 'a finished document is final');
CREATE TRIGGER moves_need_approval BEFORE INSERT ON moves
    FOR EACH ROW EXECUTE FUNCTION require_status('approved', 'only an approved document has moves');
--:end

--:sqlite
CREATE TRIGGER moves_no_update BEFORE UPDATE ON moves BEGIN SELECT RAISE(ABORT, 'moves are append-only'); END;
CREATE TRIGGER moves_no_delete BEFORE DELETE ON moves BEGIN SELECT RAISE(ABORT, 'moves are append-only'); END;
CREATE TRIGGER operation_log_no_update BEFORE UPDATE ON operation_log BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER operation_log_no_delete BEFORE DELETE ON operation_log BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER documents_no_delete BEFORE DELETE ON documents BEGIN SELECT RAISE(ABORT, 'documents are never deleted'); END;
CREATE TRIGGER documents_final BEFORE UPDATE ON documents WHEN OLD.status <> 'pending'
    BEGIN SELECT RAISE(ABORT, 'a finished document is final'); END;
CREATE TRIGGER document_lines_no_update BEFORE UPDATE ON document_lines BEGIN SELECT RAISE(ABORT, 'lines are final'); END;
CREATE TRIGGER document_lines_no_delete BEFORE DELETE ON document_lines BEGIN SELECT RAISE(ABORT, 'lines are final'); END;
CREATE TRIGGER document_lines_no_late_insert BEFORE INSERT ON document_lines
    WHEN (SELECT status FROM documents WHERE id = NEW.document_id) <> 'pending'
    BEGIN SELECT RAISE(ABORT, 'a finished document is final'); END;
CREATE TRIGGER moves_need_approval BEFORE INSERT ON moves
    WHEN (SELECT status FROM documents WHERE id = NEW.document_id) IS NOT 'approved'
    BEGIN SELECT RAISE(ABORT, 'only an approved document has moves'); END;
--:end
