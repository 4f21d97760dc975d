-- The index of the search. Which tokens stand for a row is the program's own doing (domain/search_tokens.h); the engines keep them and
-- find those that have them. A rowid says which kind of thing it is, whether it is out of use, and its id (domain/search_index.h).
-- Both engines are asked in the same words: SELECT rowid FROM search_tokens('laa AND (lbb OR lcc)').
--:sqlite
CREATE VIRTUAL TABLE search_tokens USING fts5 (terms, detail = 'none', columnsize = 0, tokenize = 'ascii');
CREATE VIEW search_planning AS SELECT 'as ever' AS mode;
--:end
--:postgres
CREATE TABLE search_tokens (
    rowid BIGINT NOT NULL PRIMARY KEY,
    terms TSVECTOR NOT NULL
);
-- How often each token is there decides how one looks for it: thousands are remembered, so that rare ones are known to be rare.
ALTER TABLE search_tokens ALTER COLUMN terms SET STATISTICS 1000;
-- What waits to be sorted into the index is read by every search: not more than this (KiB) of it.
CREATE INDEX search_tokens_index ON search_tokens USING gin (terms) WITH (gin_pending_list_limit = 256);
CREATE FUNCTION search_tokens(expression TEXT) RETURNS TABLE (rowid BIGINT) LANGUAGE sql STABLE AS $$
    SELECT t.rowid FROM search_tokens t
    WHERE t.terms @@ CAST(replace(replace(expression, ' AND ', ' & '), ' OR ', ' | ') AS TSQUERY);
$$;
-- One plan for all questions would be a bad one for most: what has a rare token is found by the index, of what everything has the first
-- rows are read. Looking here has statements planned for their own values until the transaction ends, and tokens of a row taken for as
-- costly to look through as they are.
CREATE VIEW search_planning AS SELECT set_config('plan_cache_mode', 'force_custom_plan', true) || set_config('cpu_operator_cost', '0.1', true)
    AS mode;
--:end

-- Up to which id the rows of a kind were indexed, and with tokens of which version; the program fills in what is missing when it starts.
CREATE TABLE search_fills (
    kind    @int@ NOT NULL PRIMARY KEY,
    version @int@ NOT NULL,
    last_id @int@ NOT NULL
) @strict@;
INSERT INTO search_fills (kind, version, last_id) VALUES (1, 0, 0), (2, 0, 0), (3, 0, 0);
