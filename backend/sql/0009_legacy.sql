-- What mms import-legacy brought from the older system, and what it could not bring as it was.

-- Its number is the older system's: document_numbers did not give it out.
ALTER TABLE documents ADD COLUMN imported @int@ NOT NULL DEFAULT 0 CHECK (imported IN (0, 1));

-- left_out: the row was not imported; row_text is all of it, as JSON (passwords excepted). replaced: the column's value could not
-- stay as it was; replacement is what stands now. noted: imported as it was, and worth a look.
CREATE TABLE legacy_quarantine (
    id          @kept_id@,
    table_name  @text@ NOT NULL,
    row_id      @int@,
    column_name @text@,
    raw_value   @text@,
    reason      @text@ NOT NULL,
    outcome     @text@ NOT NULL CHECK (outcome IN ('left_out', 'replaced', 'noted')),
    replacement @text@,
    row_text    @text@
) @strict@;
CREATE INDEX legacy_quarantine_by_row ON legacy_quarantine (table_name, row_id);
