-- Files that no row names: on their way to one, kept for a while only, or not needed any more. The sweep removes them when due_at has
-- come, and no others: what lies beside them may be another site's.
CREATE TABLE loose_files (
    key    @text@ NOT NULL PRIMARY KEY,
    due_at @int@ NOT NULL
) @strict@;
CREATE INDEX loose_files_by_due ON loose_files (due_at);
