-- Tokens for scripts: each acts for one person, within its scopes and until its day. Only the hash of a token is kept.
CREATE TABLE service_tokens (
    id           @id@,
    user_id      @int@ NOT NULL REFERENCES users (id),
    name         @text@ NOT NULL,
    token_hash   @text@ NOT NULL UNIQUE,
    scopes       @text@ NOT NULL, -- names of permissions, with a blank between them
    created_at   @int@ NOT NULL,
    expires_at   @int@ NOT NULL,
    last_used_at @int@, -- to the hour
    revoked_at   @int@
) @strict@;
CREATE INDEX service_tokens_by_user ON service_tokens (user_id, created_at, id);

-- What a notification is about, and what one does not want to hear of. NULL: somebody wrote it; always shown.
ALTER TABLE notifications ADD COLUMN topic @text@ CHECK (topic IN ('submitted', 'decided', 'low_stock'));
UPDATE notifications SET topic = 'submitted' WHERE document_id IS NOT NULL;
UPDATE notifications SET topic = 'low_stock' WHERE type = 'system' AND title = '库存不足预警';
UPDATE notifications SET topic = 'decided' WHERE type = 'system' AND title IN ('入库单已批准', '入库单已拒绝', '出库单已批准', '出库单已拒绝');
CREATE TABLE notification_mutes (
    user_id @int@ NOT NULL REFERENCES users (id),
    topic   @text@ NOT NULL CHECK (topic IN ('submitted', 'decided', 'low_stock')),
    PRIMARY KEY (user_id, topic)
) @strict@;
