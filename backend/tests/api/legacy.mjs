// Makes databases of the older system, as its program made them, with what years of use leave in them.
import { execFileSync } from 'node:child_process';

/** The bcrypt hash of LEGACY_PASSWORD (cost 10, as the older system had it). */
export const LEGACY_PASSWORD = 'Old-Password-1';
export const LEGACY_HASH = '$2b$10$abcdefghijklmnopqrstuuf8CD79wm96PDwagMh37thIq3Y5vyoyy';

export const USERS = `CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT UNIQUE NOT NULL, password TEXT NOT NULL,
    role TEXT NOT NULL, real_name TEXT, email TEXT, avatar TEXT, created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
    updated_at DATETIME DEFAULT CURRENT_TIMESTAMP, refresh_token TEXT, refresh_token_expires_at TEXT);`;
export const EARLY_USERS = USERS.replace(' avatar TEXT,', '').replace(', refresh_token TEXT, refresh_token_expires_at TEXT', '');
export const CODE_HISTORY = `CREATE TABLE material_code_history (id INTEGER PRIMARY KEY AUTOINCREMENT,
    material_id INTEGER NOT NULL REFERENCES materials (id) ON DELETE CASCADE, old_code TEXT, new_code TEXT NOT NULL,
    changed_by INTEGER NOT NULL REFERENCES users (id), change_reason TEXT, created_at DATETIME DEFAULT CURRENT_TIMESTAMP);`;
export const REST = `
CREATE TABLE materials (id INTEGER PRIMARY KEY AUTOINCREMENT, material_code TEXT NOT NULL, material_name TEXT NOT NULL, category TEXT NOT NULL,
    unit TEXT NOT NULL, current_stock REAL DEFAULT 0, min_stock REAL DEFAULT 0, max_stock REAL DEFAULT 0, location TEXT, description TEXT,
    created_by INTEGER REFERENCES users (id), created_at DATETIME DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE inventory_transactions (id INTEGER PRIMARY KEY AUTOINCREMENT, transaction_code TEXT UNIQUE NOT NULL, transaction_type TEXT NOT NULL,
    material_id INTEGER NOT NULL REFERENCES materials (id), quantity REAL NOT NULL, unit_price REAL, total_amount REAL,
    applicant_id INTEGER NOT NULL REFERENCES users (id), approver_id INTEGER REFERENCES users (id), status TEXT NOT NULL DEFAULT 'pending',
    remark TEXT, created_at DATETIME DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME DEFAULT CURRENT_TIMESTAMP, approved_at DATETIME);
CREATE TABLE stock_history (id INTEGER PRIMARY KEY AUTOINCREMENT, material_id INTEGER NOT NULL REFERENCES materials (id),
    transaction_id INTEGER REFERENCES inventory_transactions (id), change_type TEXT NOT NULL, quantity_change REAL NOT NULL,
    stock_before REAL NOT NULL, stock_after REAL NOT NULL, operator_id INTEGER, remark TEXT, created_at DATETIME DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE stocktaking_tasks (id INTEGER PRIMARY KEY AUTOINCREMENT, task_code TEXT UNIQUE NOT NULL, task_name TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'draft', start_date TEXT, end_date TEXT, creator_id INTEGER NOT NULL REFERENCES users (id),
    completed_by INTEGER, completed_at DATETIME, remark TEXT, created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
    updated_at DATETIME DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE stocktaking_items (id INTEGER PRIMARY KEY AUTOINCREMENT, task_id INTEGER NOT NULL REFERENCES stocktaking_tasks (id) ON DELETE CASCADE,
    material_id INTEGER NOT NULL REFERENCES materials (id), book_stock REAL NOT NULL, actual_stock REAL, difference REAL DEFAULT 0,
    difference_type TEXT, remark TEXT, created_at DATETIME DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE operation_logs (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL REFERENCES users (id), module TEXT NOT NULL,
    action TEXT NOT NULL, resource_type TEXT, resource_id INTEGER, description TEXT, ip_address TEXT, user_agent TEXT,
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE notifications (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER, type TEXT NOT NULL, title TEXT NOT NULL, content TEXT,
    link TEXT, link_type TEXT, is_read INTEGER DEFAULT 0, created_at DATETIME DEFAULT CURRENT_TIMESTAMP, read_at DATETIME);
CREATE INDEX idx_transactions_status ON inventory_transactions (status);
CREATE INDEX idx_logs_created ON operation_logs (created_at);`;
export const SCHEMA = USERS + CODE_HISTORY + REST;

/** A value in SQL. Numbers are written so that SQLite reads the same bits. */
export function literal(value) {
    if (value === null || value === undefined)
        return 'NULL';
    if (typeof value === 'number')
        return String(value);
    if (value instanceof Uint8Array)
        return `x'${Buffer.from(value).toString('hex')}'`;
    return `'${String(value).replaceAll("'", "''")}'`;
}

/** INSERT statements: rows are objects. */
export function insert(table, ...rows) {
    return rows.map((row) => `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${Object.values(row).map(literal).join(', ')});\n`).join('');
}

/** Foreign keys and checks are off, as in the tools that wrote past the older program. */
export function makeOld(file, ...scripts) {
    execFileSync('sqlite3', ['-bail', file], { input: `PRAGMA foreign_keys = OFF;\nBEGIN;\n${scripts.join('\n')}\nCOMMIT;\n`, maxBuffer: 64 << 20 });
    return file;
}

/* ---------------------------------------------------------------- one database with everything in it */

const at = (day, time = '08:00:00') => `${day} ${time}`;
const iso = (day, time = '09:30:00.123') => `${day}T${time}Z`;
const PRECISE = '2025-03-0';

function people() {
    const user = (id, username, role, more = {}) => ({ id, username, password: LEGACY_HASH, role, real_name: `姓名${id}`,
        email: `u${id}@example.com`, avatar: null, created_at: at('2025-01-02'), updated_at: at('2025-06-01'), ...more });
    return insert('users', user(1, 'admin', 'system_admin'), user(2, 'keeper', 'inventory_manager', { avatar: 'photo.png' }),
        user(3, 'zhang', 'regular_user', { avatar: 'gone.png' }), user(4, 'Admin', 'regular_user', { avatar: 'broken.png' }),
        user(5, 'boss', 'superuser'), user(6, 'plain', 'regular_user', { password: 'in-the-clear', created_at: 'long ago' }),
        user(8, 'lonely', 'regular_user'), user(-1, 'minus', 'regular_user'));
}

function materials() {
    const material = (id, code, category, unit, stock, more = {}) => ({ id, material_code: code, material_name: `物料 ${id}`, category, unit,
        current_stock: stock, min_stock: 0, max_stock: 0, location: 'A-01', description: null, created_by: 2, created_at: at('2025-01-05'),
        updated_at: at('2025-06-01'), ...more });
    return insert('materials',
        material(1, 'KOH-01', 'chemical', 'kg', 0.1 + 0.2, { min_stock: 0.25, max_stock: 10.000000000000002 }),
        material(2, 'koh-01', 'metal', '千克', 12),
        material(3, ' ＮＩ 02', 'metal', '片', 7),
        material(4, 'M4', 'chemical', 'KG', 0, { material_name: '', min_stock: 'abc', max_stock: -5 }),
        material(5, 'M5', 'chemical', '公斤', -3),
        material(6, 'LOST', 'metal', '根', 20),
        material(7, 'OPEN', 'metal', '根', 70),
        material(8, 'DIP', 'chemical', 'L', 0),
        material(9, 'COUNT', 'chemical', '瓶', 12.5),
        material(10, 'GAS', 'gas', '瓶', 'many'),
        material(11, 'HIST', 'metal', '个', 4),
        material(12, 'CRASH', 'metal', '个', 0),
        material(13, 'FINE', 'chemical', 'g', 0.123457, { created_by: 7 }),
        material(14, '', 'chemical', '', 0),
        material(15, 'BLOB', 'chemical', 'g', 0, { location: new Uint8Array([0xff, 0x41]), created_at: '2025-13-45 00:00:00' }));
}

function document(id, type, material, quantity, status, more = {}) {
    return { id, transaction_code: `${type === 'in' ? 'IN' : 'OUT'}17358000000${String(id).padStart(5, '0')}`, transaction_type: type,
        material_id: material, quantity, unit_price: null, total_amount: null, applicant_id: 3,
        approver_id: status === 'pending' || status === 'cancelled' ? null : 2, status, remark: null, created_at: at(`${PRECISE}1`),
        updated_at: at(`${PRECISE}1`, '10:00:00'), approved_at: status === 'approved' ? iso(`${PRECISE}1`) : null, ...more };
}

function change(id, material, transaction, type, quantity, before, more = {}) {
    return { id, material_id: material, transaction_id: transaction, change_type: type, quantity_change: quantity, stock_before: before,
        stock_after: typeof quantity === 'number' ? before + quantity : 0, operator_id: 2, remark: null, created_at: at(`${PRECISE}1`, '09:30:00'), ...more };
}

function documents() {
    return insert('inventory_transactions',
        document(1, 'in', 1, 0.1, 'approved', { unit_price: 10.5, total_amount: 1.05, remark: '&lt;b&gt; &amp;amp; &#x27;一&#x27; 1&#x2F;2 &quot;' }),
        document(2, 'in', 1, 0.2, 'approved', { unit_price: 3.3333, total_amount: 0.3333 + 0.33336, approved_at: iso(`${PRECISE}2`), updated_at: at(`${PRECISE}2`) }),
        document(3, 'in', 2, 12, 'approved', { transaction_code: 'IN20250301-0001', approved_at: null, updated_at: at('2025-04-05') }),
        document(4, 'in', 3, 10, 'approved', { applicant_id: 7, approver_id: 7 }),
        document(5, 'out', 3, 3, 'approved', { approved_at: iso('2025-04-01') }),
        document(6, 'in', 6, 10, 'approved'), document(7, 'in', 6, 20, 'approved'),
        document(8, 'out', 7, 30, 'approved'),
        document(9, 'out', 8, 5, 'approved'), document(10, 'in', 8, 5, 'approved', { approved_at: iso('2025-05-01') }),
        document(11, 'in', 9, 10, 'approved'),
        document(12, 'in', 12, 6, 'approved', { unit_price: -1 }),
        document(13, 'in', 13, 0.1234567, 'approved', { total_amount: 99 }),
        document(14, 'out', 3, 2, 'pending'), document(15, 'in', 3, 1, 'rejected', { approver_id: 2 }), document(16, 'in', 3, 1, 'cancelled'),
        document(17, 'in', 999, 1, 'approved'), document(18, 'in', 3, 1, 'archived'), document(19, 'move', 3, 1, 'approved'),
        document(20, 'in', 3, 'ten', 'approved'), document(21, 'in', 3, -1, 'approved'),
        document(22, 'in', 3, 1, 'pending', { created_at: 'yesterday', updated_at: at('2025-07-01') }),
        document(23, 'in', 10, 3, 'approved', { unit_price: 'free' }), document(24, 'in', 3, 1e15, 'pending'),
        document(25, 'in', 3, 1, 'rejected', { transaction_code: '', approver_id: 'somebody' }));
}

function history() {
    return insert('stock_history',
        change(1, 1, 1, 'in', 0.1, 0), change(2, 1, 2, 'in', 0.2, 0.1), change(3, 2, 3, 'in', 12, 0), change(4, 3, 4, 'in', 10, 0),
        change(5, 3, 5, 'out', -3, 10), change(6, 6, 6, 'in', 10, 0), change(7, 6, 7, 'in', 20, 0), change(8, 7, 8, 'out', -30, 100),
        change(9, 8, 9, 'out', -5, 0), change(10, 8, 10, 'in', 5, 0), change(11, 9, 11, 'in', 10, 0),
        change(12, 9, null, 'adjust', 2.5, 10, { remark: '盘点调整: 三月盘点', created_at: at('2025-03-20', '10:00:00') }),
        change(13, 3, null, 'adjust', -1, 8, { remark: '盘点调整: 三月盘点', created_at: at('2025-04-20', '10:00:00') }),
        change(14, 3, null, 'adjust', 1, 7, { remark: '手工', created_at: at('2025-04-21') }),
        change(15, 11, null, 'in', 4, 0, { operator_id: null }), change(16, 13, 13, 'in', 0.2, 0), change(17, 999, null, 'adjust', 1, 0),
        change(18, 3, null, 'gift', 1, 0), change(19, 3, null, 'adjust', 'some', 0), change(20, 3, null, 'adjust', 0, 7),
        change(21, 10, 23, 'in', 3, 0));
}

function counts() {
    const task = (id, name, status, more = {}) => ({ id, task_code: `ST17358${id}`, task_name: name, status, start_date: '2025-03-20', end_date: null,
        creator_id: 2, completed_by: status === 'completed' ? 2 : null, completed_at: status === 'completed' ? at('2025-03-20', '10:00:00') : null,
        remark: null, created_at: at('2025-03-19'), updated_at: at('2025-03-20', '10:00:00'), ...more });
    const item = (id, task, material, book, actual, more = {}) => ({ id, task_id: task, material_id: material, book_stock: book, actual_stock: actual,
        difference: actual === null ? 0 : actual - book, difference_type: null, remark: null, created_at: at('2025-03-19'), updated_at: at('2025-03-20'), ...more });
    return insert('stocktaking_tasks', task(1, '三月盘点', 'completed'), task(2, '四月盘点', 'in_progress'), task(3, '草稿', 'draft', { creator_id: 7 }),
        task(4, '作废', 'cancelled'), task(5, '怪', 'paused')) +
        insert('stocktaking_items', item(1, 1, 9, 10, 12.5), item(2, 1, 1, 0.1 + 0.2, 0.3, { difference: 5 }), item(3, 2, 3, 7, null), item(4, 2, 2, 12, -4),
            item(5, 3, 999, 1, 1), item(6, 77, 3, 1, 1), item(7, 2, 3, 7, 7), item(8, 4, 3, 'few', null));
}

function traces() {
    const log = (id, user, more = {}) => ({ id, user_id: user, module: 'inventory', action: 'create', resource_type: 'transaction', resource_id: 1,
        description: '创建入库单', ip_address: '10.0.0.1', user_agent: 'Mozilla/5.0', created_at: at('2025-03-01'), ...more });
    const note = (id, user, type, more = {}) => ({ id, user_id: user, type, title: '标题', content: '内容', link: null, link_type: null, is_read: 0,
        created_at: at('2025-03-01'), read_at: null, ...more });
    return insert('operation_logs', log(1, 1), log(3, 7), log(4, 2, { user_agent: 'x'.repeat(900) }), log(5, 2, { created_at: 'never' }),
        log(6, 2, { resource_id: 'one' }), log(9, 77, { created_at: at('2025-04-01') })) +
        insert('notifications', note(1, 2, 'todo', { title: '待审批出库单', link: '/inventory?id=14', link_type: 'transaction' }),
            note(2, 2, 'todo', { title: '待审批入库单', link: '/inventory?id=1', link_type: 'transaction' }), note(3, null, 'announcement', { is_read: 1, read_at: at('2025-03-02') }),
            note(4, 3, 'system', { is_read: 1 }), note(5, 7, 'system'), note(6, 3, 'shout'), note(7, 2, 'todo', { link: '/inventory?id=17' }),
            note(8, 3, 'system', { link_type: 'moon' })) +
        insert('material_code_history', { id: 1, material_id: 1, old_code: 'KOH', new_code: 'KOH-01', changed_by: 2, change_reason: '规范', created_at: at('2025-02-01') },
            { id: 2, material_id: 999, old_code: 'A', new_code: 'B', changed_by: 2, change_reason: null, created_at: at('2025-02-01') });
}

export const everything = () => [SCHEMA, people(), materials(), documents(), history(), counts(), traces()];

if (process.argv[1] === new URL(import.meta.url).pathname)
    makeOld(process.argv[2], ...everything()); // node legacy.mjs FILE
