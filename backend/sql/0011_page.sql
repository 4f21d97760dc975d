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
