-- Notifications: to one person, to all who approve, or to everybody; read and put away by each for himself.
CREATE TABLE notifications (
    id          @id@,
    audience    @text@ NOT NULL CHECK (audience IN ('user', 'approvers', 'everybody')),
    user_id     @int@ REFERENCES users (id),
    type        @text@ NOT NULL CHECK (type IN ('system', 'todo', 'announcement')),
    title       @text@ NOT NULL,
    content     @text@,
    link        @text@,
    link_type   @text@ CHECK (link_type IN ('transaction', 'material', 'user', 'stocktaking', 'url')),
    document_id @int@ REFERENCES documents (id), -- a todo: shown while this document is pending
    created_by  @int@ REFERENCES users (id),
    created_at  @int@ NOT NULL,
    CHECK ((audience = 'user') = (user_id IS NOT NULL))
) @strict@;
CREATE INDEX notifications_by_user ON notifications (user_id, created_at, id);
CREATE INDEX notifications_by_document ON notifications (document_id);
CREATE INDEX notifications_by_age ON notifications (created_at, id);

CREATE TABLE notification_marks (
    notification_id @int@ NOT NULL REFERENCES notifications (id) ON DELETE CASCADE,
    user_id         @int@ NOT NULL REFERENCES users (id),
    read_at         @int@,
    deleted_at      @int@,
    PRIMARY KEY (notification_id, user_id)
) @strict@;
