-- Long work that goes on behind the request that asked for it, and the import of tables that somebody made.

-- news grows with every change that is told on the event stream. session: the connection that runs it (struct db_catalogue); once
-- that has gone, the job is interrupted.
CREATE TABLE jobs (
    id           @kept_id@,
    kind         @text@ NOT NULL,
    subject_id   @int@ NOT NULL, -- what it is about, by kind: an import, a document, 0
    arguments    @text@,         -- JSON, by kind
    status       @text@ NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled', 'interrupted')),
    steps_done   @int@ NOT NULL DEFAULT 0 CHECK (steps_done >= 0),
    steps_total  @int@,          -- NULL: not known (yet)
    cancel_asked @int@ NOT NULL DEFAULT 0 CHECK (cancel_asked IN (0, 1)),
    result       @text@,         -- JSON
    failure      @text@,         -- JSON: code, zh, en, and what the error adds
    session      @text@,
    news         @int@ NOT NULL UNIQUE,
    created_by   @int@ NOT NULL REFERENCES users (id),
    service_token_id @int@ REFERENCES service_tokens (id), -- by which it was asked for; its scopes hold
    ip_address   @text@,
    created_at   @int@ NOT NULL,
    started_at   @int@,
    ended_at     @int@,
    CHECK ((status IN ('queued', 'running')) = (ended_at IS NULL))
) @strict@;
CREATE INDEX jobs_open ON jobs (id) WHERE ended_at IS NULL;
CREATE INDEX jobs_by_age ON jobs (created_at, id);
CREATE INDEX jobs_by_owner ON jobs (created_by, created_at, id);

-- new: columns are being chosen; checked: its rows are in import_rows; done; undone.
CREATE TABLE imports (
    id           @id@,
    kind         @text@ NOT NULL CHECK (kind IN ('materials', 'opening', 'receipt', 'issue')),
    status       @text@ NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'checked', 'done', 'undone')),
    file_name    @text@ NOT NULL,
    file_key     @text@ NOT NULL, -- files/files.h
    bytes        @int@ NOT NULL,
    hash         @text@ NOT NULL, -- SHA-256 of the file
    form         @text@ NOT NULL, -- JSON: format, encoding, sheet, head, samples
    mapping      @text@ NOT NULL, -- JSON: an array of field names (or ""), one for each column
    answers      @text@ NOT NULL DEFAULT '[]', -- JSON: what stands for words that nobody knew
    remark       @text@,
    summary      @text@,          -- JSON: counts, and the words that nobody knows
    created_by   @int@ NOT NULL REFERENCES users (id),
    created_at   @int@ NOT NULL,
    updated_at   @int@ NOT NULL,
    done_by      @int@ REFERENCES users (id),
    done_at      @int@,
    undone_by    @int@ REFERENCES users (id),
    undone_at    @int@
) @strict@;
CREATE INDEX imports_by_age ON imports (created_at, id);
CREATE INDEX imports_by_hash ON imports (hash, status);

-- What the check found for each row of the file that is not as it is already.
CREATE TABLE import_rows (
    import_id      @int@ NOT NULL REFERENCES imports (id),
    row_no         @int@ NOT NULL, -- as a spreadsheet shows it
    outcome        @text@ NOT NULL CHECK (outcome IN ('create', 'change', 'line', 'fault')),
    label          @text@,         -- the code
    target_id      @int@,          -- change, line: the material
    target_version @int@,          -- change, line: the version that was looked at
    body           @text@,         -- JSON: what is to be stored
    changes        @text@,         -- JSON: field -> old, new
    faults         @text@,         -- JSON: array of cell, field, code, zh, en, value
    PRIMARY KEY (import_id, row_no)
) @strict@;
CREATE INDEX import_rows_by_outcome ON import_rows (import_id, outcome, row_no);

-- The documents that an import has made.
CREATE TABLE import_documents (
    import_id   @int@ NOT NULL REFERENCES imports (id),
    document_id @int@ NOT NULL REFERENCES documents (id),
    PRIMARY KEY (import_id, document_id)
) @strict@;

-- How long writes waited in the writer's queue, by quarter of an hour (of UTC): each instance adds what it has seen.
CREATE TABLE writer_quarters (
    quarter    @int@ NOT NULL PRIMARY KEY,
    writes     @int@ NOT NULL,
    waited     @int@ NOT NULL, -- of these, longer than 100 ms
    longest_us @int@ NOT NULL
) @strict@;
