-- Counting (盘点). book_stock is the stock when the task was made, and from the entry of a count on the stock at that moment:
-- what moves before or after is no difference. document ids: what completing the task has posted.
CREATE TABLE count_tasks (
    id           @id@,
    task_code    @text@ NOT NULL UNIQUE,
    task_name    @text@ NOT NULL,
    status       @text@ NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'in_progress', 'completed', 'cancelled')),
    start_date   @text@,
    end_date     @text@,
    remark       @text@,
    creator_id   @int@ NOT NULL REFERENCES users (id),
    completed_by @int@ REFERENCES users (id),
    completed_at @int@,
    surplus_document_id  @int@ REFERENCES documents (id),
    shortage_document_id @int@ REFERENCES documents (id),
    created_at   @int@ NOT NULL,
    updated_at   @int@ NOT NULL
) @strict@;
CREATE INDEX count_tasks_by_age ON count_tasks (created_at, id);

CREATE TABLE count_items (
    id           @id@,
    task_id      @int@ NOT NULL REFERENCES count_tasks (id),
    material_id  @int@ NOT NULL REFERENCES materials (id),
    book_stock   @int@ NOT NULL CHECK (book_stock >= 0),
    actual_stock @int@ CHECK (actual_stock >= 0),
    remark       @text@,
    counted_by   @int@ REFERENCES users (id),
    version      @int@ NOT NULL DEFAULT 1,
    created_at   @int@ NOT NULL,
    updated_at   @int@ NOT NULL,
    UNIQUE (task_id, material_id)
) @strict@;
CREATE INDEX count_items_by_material ON count_items (material_id);
