-- One approval of an issue with one line, by the statements of the service (db/postgres.c, domain/document_decide.c, ledger.c,
-- dashboard.c, audit.c, notification_send.c), each approval its own transaction. Left out: what the service looks up about the
-- caller. The hash of the log's row is made here by the server, because pgbench cannot.
SELECT nextval('bench_turn') AS id \gset
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT pg_advisory_xact_lock(5066067);
SELECT id, number AS transaction_code, CASE kind WHEN 'receipt' THEN 'in' ELSE 'out' END AS transaction_type, purpose, status, applicant_id, reverses_id, line_count FROM documents WHERE id = :id;
UPDATE documents SET status = 'approved', approver_id = 1, approval_remark = NULL, updated_at = 1795518744496, approved_at = 1795518744496 WHERE id = :id AND status = 'pending';
SELECT id AS line, material_id AS material FROM document_lines WHERE document_id = :id ORDER BY line_no \gset
SELECT b.lot_id AS lot, b.location_id AS place, m.current_stock AS stock FROM balances b JOIN lots lo ON lo.id = b.lot_id JOIN materials m ON m.id = b.material_id WHERE b.material_id = :material AND b.is_real = 1 AND b.quantity > 0 ORDER BY COALESCE(lo.expires_day, 9000000000), b.lot_id, b.location_id LIMIT 1 \gset
UPDATE balances SET quantity = quantity - 1000000 WHERE material_id = :material AND lot_id = :lot AND location_id = :place;
INSERT INTO balances (material_id, lot_id, location_id, is_real, quantity) VALUES (:material, :lot, (SELECT id FROM locations WHERE kind = 'consumption'), 0, 1000000) ON CONFLICT (material_id, lot_id, location_id) DO UPDATE SET quantity = balances.quantity + excluded.quantity;
UPDATE materials SET current_stock = current_stock - 1000000, stock_value = stock_value + 0, move_count = move_count + 1 WHERE id = :material RETURNING move_count AS seq \gset
INSERT INTO moves (document_id, line_id, material_id, lot_id, from_location_id, to_location_id, quantity, seq, stock_before, stock_after, value, posted_at, posted_by) VALUES (:id, :line, :material, :lot, :place, (SELECT id FROM locations WHERE kind = 'consumption'), 1000000, :seq, :stock, CAST(:stock AS BIGINT) - 1000000, 0, 1795518744496, 1);
INSERT INTO posted_quarters (quarter, kind, documents, quantity) VALUES (1995020, 'issue', 1, 1000000) ON CONFLICT (quarter, kind) DO UPDATE SET documents = posted_quarters.documents + 1, quantity = CASE WHEN posted_quarters.quantity > 9000000000000000000 - excluded.quantity THEN 9000000000000000000 ELSE posted_quarters.quantity + excluded.quantity END;
UPDATE change_counters SET materials = materials + 0, stock = stock + 1, documents = documents + 1, users = users + 0 WHERE id = 1;
SELECT last_id + 1 AS entry FROM log_head WHERE id = 1 \gset
INSERT INTO operation_log (id, user_id, module, action, resource_type, resource_id, description, changes, ip_address, user_agent, request_id, created_at, hash) VALUES (:entry, 1, 'inventory', 'approve', 'transaction', :id, '批准出库单: OUT20261124-0002', NULL, '127.0.0.1', NULL, '9bd0c0be7d5d2aba', 1795518744496, encode(sha256('x'), 'hex'));
COMMIT;
