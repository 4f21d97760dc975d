// The same random operations on SQLite and on PostgreSQL: every answer must be the same, and at the end all that is stored.
// A difference is shrunk to the few operations that show it.
//   DIFF_SEEDS=1,2,3 DIFF_OPERATIONS=1000 MMS_POSTGRES=FOLDER node --test backend/tests/differential/*.test.mjs
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Client, start } from '../api/harness.mjs';
import { randomFrom } from '../api/random.mjs';

const SEEDS = (process.env.DIFF_SEEDS || '1,2,3,4,5').split(',').map(Number);
const OPERATIONS = Number(process.env.DIFF_OPERATIONS || 1000);
const SHRINK_RUNS = 80;
const PASSWORD = 'Person-Password-1';
const PEOPLE = [['admin', 'system_admin'], ['manager', 'inventory_manager'], ['second', 'inventory_manager'], ['keeper', 'regular_user'], ['other', 'regular_user']];

// ---------------------------------------------------------------- what may happen

// Each list: what is good, and what is taken one time in ten.
const CODES = [['H2-01', 'h2-01', 'Pt-5', 'PT-5', 'a', 'Z_9', 'H2-02', 'ti-plate', 'O2', '-', 'x'.repeat(50), 'N2', 'Ar-5', 'Au', 'Ru'], ['中文', 'x'.repeat(51), '']];
const NAMES = [['氢气', '氧气 高纯', 'Ａｒｇｏｎ', '钛板', 'a', 'B', 'ä', '铂碳催化剂%', '50%_\\', '  裹空格  ', '\u{1F600}', 'ß', 'Ω'], ['', 'x'.repeat(101)]];
const UNITS = [['kg', 'm3', '瓶', 'mL', 'ML', '新单位', 'g'], ['', 'x'.repeat(21)]];
const QUANTITIES = [[1, 0.1, 12.5, 100, 1e3, '3.25', '0.30', 2.5, 7, 0.001], [0, -1, 0.0000001, 0.000001, 1e12, 999999999999.999999, 1e400, 'x', null]];
const PRICES = [[null, 1, 0.01, 12.345678, 99999, 0], [-1, 'x']];
const LOTS = [[undefined, undefined, 'L1', 'l1', '批-2', 'L3'], ['', 'x'.repeat(101)]];
const DAYS = [[undefined, undefined, '2027-01-31'], ['2026-12-01', '2027-02-30', '1999-01-01']];
const ZONES = [['Asia/Shanghai', 'Asia/Tokyo', 'UTC', 'Pacific/Kiritimati', 'Pacific/Honolulu'], ['Mars/Olympus']];
const SORTS = ['', 'created_at', '-created_at', 'material_code', '-material_code', 'material_name', '-material_name', 'current_stock', '-current_stock', 'nonsense'];
const WHO = [0, 0, 0, 0, 1, 1, 1, 2, 3, 4];
const QUESTIONS = ['h2', 'H2-01', '氢', '氢气', 'qq', 'qingqi', 'yangqi', '氧 高纯', 'argon', 'argno', 'hydrogne', 'titanium', 'titaniun', '钛板', '鈦板', 'tb', 'cuihuaji', 'chj', '%', '_', '50%', '\\', 'ß', 'Ω', '\u{1F600}',
    'in2', 'IN', '0001', 'out', '-000', 'a', 'b', 'ａ', '1333-74-0', '1333740', 'user', '裹 空格', 'manager', 'mnaager', '', ' ', 'x'.repeat(50), 'x'.repeat(101)];
const LISTS = ['/api/materials?totals=true', '/api/materials?lowStock=true', '/api/materials?status=all', '/api/materials?category=metal', '/api/inventory?', '/api/inventory?status=approved',
    '/api/inventory?transactionType=out', '/api/inventory/mine?', '/api/inventory/pending?', '/api/dashboard/stats?', '/api/dashboard/materials-by-category?',
    '/api/dashboard/transaction-trend?', '/api/dashboard/low-stock-materials?', '/api/dashboard/pending-transactions?', '/api/operation-logs?module=inventory', '/api/notifications?', '/api/notifications?isRead=false', '/api/users?', '/api/units?', '/api/locations?', '/api/settings?'];

/** One operation as plain numbers, so that it means the same on both sides and stays itself when others are left out. */
function operation(random) {
    const pick = (list) => list[random.below(list.length)];
    const often = ([good, bad]) => pick(random.below(10) ? good : bad);
    const line = (receipt) => ({ material: random.below(12), quantity: often(QUANTITIES), unitPrice: often(PRICES), ...(receipt && { lotNo: often(LOTS), expiresOn: often(DAYS) }) });
    const material = () => ({ materialCode: often(CODES), materialName: often(NAMES), nameEn: pick([null, 'Hydrogen', 'titanium']), category: often([['chemical', 'metal', 'metal'], ['x', null]]), unit: often(UNITS),
        minStock: often([[0, 1, 10], [2.5, -1, 0.00001]]), maxStock: often([[0, 0, 100], [5]]), casNo: often([[null, '1333-74-0'], ['1']]), description: pick([null, 'text', '<b>&']) });
    const kinds = {
        material: () => ({ body: material() }),
        change: () => ({ target: random.below(12), body: Object.fromEntries(Object.entries(material()).filter(() => random.below(3) === 0)), version: pick([undefined, undefined, 1, 2]) }),
        status: () => ({ target: random.below(12), way: pick(['restore', 'restore', 'restore', 'retire']) }),
        remove: () => ({ target: random.below(12) }),
        receipt: () => ({ lines: Array.from({ length: 1 + random.below(3) }, () => line(true)), one: random.below(2) === 0, key: random.below(12) ? undefined : pick(['k1', 'k2', 'k3']) }),
        issue: () => ({ lines: Array.from({ length: 1 + random.below(3) }, () => line(false)), one: random.below(2) === 0 }),
        approve: () => ({ target: random.below(90), action: often([['approve'], ['reject', 'x']]), remark: pick([undefined, '理由']) }),
        cancel: () => ({ target: random.below(90) }),
        reverse: () => ({ target: random.below(90) }),
        decide: () => ({ targets: Array.from({ length: 1 + random.below(5) }, () => random.below(90)), action: often([['approve'], ['reject']]) }),
        unit: () => ({ body: { code: often(UNITS), decimals: often([[3, 6], [0, 7]]), nameZh: pick([null, '千克']) } }),
        location: () => ({ body: { code: pick(['A-1', 'a-1', 'B', '库', '']), nameZh: pick(['货架', '']) } }),
        zone: () => ({ value: often(ZONES) }),
        own: () => ({ value: often([['administrators', 'everybody', 'everybody'], ['nobody', 'x']]) }),
        list: () => ({ path: pick(LISTS), sort: pick(SORTS), keyword: pick(['', '', 'h2', '氢', '%', '_', 'ａ', 'TI']), page: pick([1, 1, 1, 2, 3, 0]), pageSize: pick([3, 5, 10, 1000]) }),
        search: () => ({ q: pick(QUESTIONS), type: pick(['all', 'everything', 'materials', 'transactions']), limit: pick([1, 5, 20]) }),
        walk: () => ({ sort: pick(SORTS.slice(0, 9)), pageSize: pick([2, 3, 7]) }),
        look: () => ({ what: pick(['materials', 'moves', 'balances', 'history', 'document']), target: random.below(30) }),
        read: () => ({ way: pick(['read-all', 'unread-count']) }),
        login: () => ({ name: pick(['admin', 'nobody', 'ADMIN', '']), password: pick(['wrong-password-1', '']) }),
    };
    const weights = ['material', 'material', 'change', 'status', 'remove', 'receipt', 'receipt', 'receipt', 'issue', 'issue', 'issue', 'approve', 'approve', 'approve', 'approve', 'approve', 'cancel',
        'reverse', 'decide', 'unit', 'location', 'zone', 'own', 'list', 'list', 'list', 'search', 'search', 'walk', 'look', 'look', 'look', 'login', 'read'];
    const kind = pick(weights);
    return { kind, who: pick(WHO), ...kinds[kind]() };
}

// ---------------------------------------------------------------- one side

class Side {
    static async begin(engine) {
        const side = new Side();
        side.server = await start({ engine, env: { NODE_ENV: 'development' } });
        side.people = [await side.server.admin()];
        for (const [username, role] of PEOPLE.slice(1)) {
            await side.people[0].post('/api/users', { username, role, password: PASSWORD, realName: `名-${username}`, mustChangePassword: false });
            side.people.push(await new Client(side.server).login(username, PASSWORD));
        }
        side.materials = [];
        side.documents = [];
        side.ranks = {};
        return side;
    }

    at(list, index) {
        return list.length ? list[index % list.length] : 4_000_000;
    }

    async run(op) {
        const client = this.people[op.who];
        const bodyOf = () => {
            const lines = op.lines.map(({ material, ...line }) => ({ materialId: this.at(this.materials, material), ...line }));
            const type = op.kind === 'receipt' ? 'in' : 'out';
            return op.one ? { transactionType: type, ...lines[0] } : { transactionType: type, lines };
        };
        const made = async (answer, list) => {
            const { status, body } = await answer;
            if (status === 201 && !list.includes(body.data.id))
                list.push(body.data.id);
            return { status, body };
        };
        const material = this.at(this.materials, op.target ?? 0), document = this.at(this.documents, op.target ?? 0);
        switch (op.kind) {
        case 'material': return made(client.post('/api/materials', op.body), this.materials);
        case 'change': return client.put(`/api/materials/${material}`, { ...op.body, ...(op.version && { version: op.version }) });
        case 'status': return client.post(`/api/materials/${material}/${op.way}`);
        case 'remove': {
            const answer = await client.del(`/api/materials/${material}`);
            if (answer.status === 200)
                this.materials = this.materials.filter((id) => id !== material);
            return answer;
        }
        case 'receipt':
        case 'issue': return made(client.post('/api/inventory', bodyOf(), op.key ? { headers: { 'idempotency-key': op.key } } : {}), this.documents);
        case 'approve': return client.put(`/api/inventory/${document}/approve`, { action: op.action, remark: op.remark });
        case 'cancel': return client.put(`/api/inventory/${document}/cancel`);
        case 'reverse': return made(client.post(`/api/inventory/${document}/reverse`, { reason: '更正' }), this.documents);
        case 'decide': return client.post('/api/inventory/decide', { ids: op.targets.map((target) => this.at(this.documents, target)), action: op.action });
        case 'unit': return client.post('/api/units', op.body);
        case 'location': return client.post('/api/locations', op.body);
        case 'zone': return client.put('/api/settings/company.timezone', { value: op.value });
        case 'own': return client.put('/api/settings/approval.own_documents', { value: op.value });
        case 'list': return client.get(`${op.path}&sort=${op.sort}&keyword=${encodeURIComponent(op.keyword)}&page=${op.page}&pageSize=${op.pageSize}`);
        case 'search': return this.search(client, op);
        case 'walk': return this.walk(client, op);
        case 'look': return client.get({ materials: `/api/materials/${material}`, moves: `/api/materials/${material}/moves?pageSize=50`, balances: `/api/materials/${material}/balances`,
            history: `/api/materials/${material}/code-history`, document: `/api/inventory/${document}` }[op.what]);
        case 'read': return op.way === 'read-all' ? client.put('/api/notifications/read-all') : client.get('/api/notifications/unread-count');
        case 'login': return new Client(this.server).post('/api/auth/login', { username: op.name, password: op.password });
        default: throw new Error(op.kind);
        }
    }

    /** Each kind for itself: what an id is of depends on it. */
    async search(client, op) {
        const { status, body } = await client.get(`/api/search?matches=true&type=${op.type}&limit=${op.limit}&q=${encodeURIComponent(op.q)}`);
        if (status !== 200)
            return { status, body };
        return { status, body: body.data.map(({ id, type, ...row }) => ({ ...row, type, [type === 'material' ? 'material_id' : type === 'user' ? 'user_id' : 'document_id']: id })) };
    }

    /** All materials by cursor: each side has cursors of its own. */
    async walk(client, op) {
        const rows = [];
        for (let cursor = ''; rows.length < 100;) {
            const { status, body } = await client.get(`/api/materials?status=all&sort=${op.sort}&pageSize=${op.pageSize}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
            if (status !== 200)
                return { status, body };
            rows.push(...body.data.list);
            cursor = body.data.nextCursor;
            if (!cursor)
                break;
        }
        return { status: 200, body: rows };
    }

    /** Ids by the order in which this side showed them, times and request ids left out. `kind`: of what an `id` is. */
    plain(value, kind, name = '') {
        if (Array.isArray(value))
            return value.map((item) => this.plain(item, kind, name));
        if (value && typeof value === 'object') {
            const inner = { lines: 'line', material: 'material' }[name] ?? kind;
            return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, this.plain(member, inner, key)]));
        }
        if (typeof value === 'number' && /(^|_)id$|Id$|_by$/.test(name)) {
            const of = name === 'id' ? kind : IDS_OF[name] ?? name;
            const known = this.ranks[of] ??= new Map();
            if (!known.has(value))
                known.set(value, known.size);
            return `${of} ${known.get(value)}`;
        }
        if (name === 'link' && value)
            return value.replace(/(\w+)\?id=(\d+)/, (all, of, id) => `${of} ${this.plain(Number(id), of === 'inventory' ? 'document' : 'material', 'id')}`);
        if (typeof value === 'string' && /_at$|At$/.test(name))
            return 'time';
        if (name === 'request_id' || name === 'nextCursor')
            return value === null ? null : 'own';
        return value;
    }

    async dump() {
        const stored = {};
        for (const [name, query] of Object.entries(DUMP))
            stored[name] = await this.server.sql(query);
        return stored;
    }
}

const IDS_OF = { material_id: 'material', document_id: 'document', reverses_id: 'document', created_by: 'user', changed_by: 'user', applicant_id: 'user', approver_id: 'user',
    operator_id: 'user', user_id: 'user', from_location_id: 'location', to_location_id: 'location' };

/** Of what the ids in an operation's answer are. */
function kindOf(op) {
    if (op.kind === 'list')
        return op.path.split(/[/?]/)[2].replace(/s$/, '').replace('inventory', 'document').replace('dashboard', op.path.includes('pending') ? 'document' : 'material');
    if (op.kind === 'look')
        return { materials: 'material', document: 'document' }[op.what] ?? op.what;
    return { material: 'material', change: 'material', status: 'material', remove: 'material', walk: 'material', unit: 'unit', location: 'location' }[op.kind] ?? 'document';
}

/** Everything by its own names, never by ids or times. */
const DUMP = {
    materials: `SELECT m.material_code, m.code_fold, m.material_name, m.name_fold, m.name_en, m.category, u.code AS unit, m.current_stock, m.stock_value, m.move_count, m.min_stock, m.max_stock, m.cas_no,
        m.description, m.status, m.version FROM materials m JOIN units u ON u.id = m.unit_id ORDER BY m.code_fold`,
    units: 'SELECT code, name_zh, decimals, needs_review FROM units ORDER BY code',
    locations: 'SELECT code, code_fold, name_zh, kind, is_real FROM locations ORDER BY code_fold',
    lots: 'SELECT m.code_fold, l.lot_no, l.expires_day FROM lots l JOIN materials m ON m.id = l.material_id ORDER BY m.code_fold, l.lot_no',
    documents: `SELECT d.number, d.kind, d.purpose, d.status, r.number AS reverses, d.line_count, d.total_amount, d.remark, d.approval_remark, a.username AS applicant, b.username AS approver
        FROM documents d JOIN users a ON a.id = d.applicant_id LEFT JOIN users b ON b.id = d.approver_id LEFT JOIN documents r ON r.id = d.reverses_id ORDER BY d.number`,
    lines: `SELECT d.number, l.line_no, m.code_fold, l.quantity, l.unit_price, l.amount, lo.lot_no FROM document_lines l JOIN documents d ON d.id = l.document_id
        JOIN materials m ON m.id = l.material_id LEFT JOIN lots lo ON lo.id = l.lot_id ORDER BY d.number, l.line_no`,
    moves: `SELECT m.code_fold, v.seq, d.number, lo.lot_no, f.code AS from_code, t.code AS to_code, v.quantity, v.stock_before, v.stock_after, v.value FROM moves v JOIN materials m ON m.id = v.material_id
        JOIN documents d ON d.id = v.document_id JOIN lots lo ON lo.id = v.lot_id JOIN locations f ON f.id = v.from_location_id JOIN locations t ON t.id = v.to_location_id ORDER BY m.code_fold, v.seq`,
    balances: `SELECT m.code_fold, lo.lot_no, l.code, b.is_real, b.quantity FROM balances b JOIN materials m ON m.id = b.material_id JOIN lots lo ON lo.id = b.lot_id
        JOIN locations l ON l.id = b.location_id ORDER BY m.code_fold, lo.lot_no, l.code`,
    numbers: 'SELECT prefix, day, last FROM document_numbers ORDER BY prefix, day',
    notifications: `SELECT n.audience, u.username, n.type, n.title, n.content, d.number FROM notifications n LEFT JOIN users u ON u.id = n.user_id LEFT JOIN documents d ON d.id = n.document_id
        WHERE n.document_id IS NULL OR d.status = 'pending' ORDER BY n.id`,
    figures: 'SELECT kind, CAST(SUM(documents) AS BIGINT) AS documents, CAST(SUM(quantity) AS BIGINT) AS quantity FROM posted_quarters GROUP BY kind ORDER BY kind',
    categories: 'SELECT * FROM material_figures WHERE materials > 0 ORDER BY category, status',
    units: 'SELECT f.category, f.status, u.code, f.materials, f.stock_wholes, f.stock_millionths FROM unit_figures f JOIN units u ON u.id = f.unit_id WHERE f.materials > 0 ORDER BY f.category, f.status, u.code',
    pending: 'SELECT n FROM pending_documents',
    recent: 'SELECT code_fold, recent_moves, recent_received, recent_issued FROM materials ORDER BY code_fold',
    settings: 'SELECT key, value FROM settings ORDER BY key',
    history: 'SELECT m.code_fold, h.old_code, h.new_code, h.change_reason FROM material_code_history h JOIN materials m ON m.id = h.material_id ORDER BY m.code_fold, h.id',
    log: 'SELECT u.username, o.module, o.action, o.resource_type, o.description, o.changes FROM operation_log o LEFT JOIN users u ON u.id = o.user_id ORDER BY o.id',
};

// ---------------------------------------------------------------- both

/** NULL, or what differs first: {at, op, ours, theirs}. */
async function difference(operations) {
    const sides = await Promise.all([Side.begin('sqlite'), Side.begin('postgres')]);
    try {
        for (const [at, op] of operations.entries()) {
            const [one, two] = await Promise.all(sides.map(async (side) => {
                const { status, body } = await side.run(op);
                return { status, body: side.plain(body, kindOf(op)) };
            }));
            if (JSON.stringify(one) !== JSON.stringify(two))
                return { at, op, sqlite: one, postgres: two };
        }
        const [one, two] = await Promise.all(sides.map((side) => side.dump()));
        for (const table of Object.keys(DUMP))
            if (JSON.stringify(one[table]) !== JSON.stringify(two[table]))
                return { at: operations.length - 1, op: `what is stored in ${table}`, sqlite: one[table], postgres: two[table] };
        for (const side of sides)
            await side.server.verifyClean();
        return null;
    } finally {
        for (const side of sides)
            await side.server.stop();
    }
}

/** Fewer and fewer operations that still differ; a bounded number of runs. */
async function shrink(operations, found) {
    let best = { operations: operations.slice(0, found.at + 1), found };
    let runs = 0;
    for (let size = Math.ceil(best.operations.length / 2); size >= 1; size = Math.floor(size / 2))
        for (let from = 0; from < best.operations.length && runs < SHRINK_RUNS; runs++) {
            const fewer = [...best.operations.slice(0, from), ...best.operations.slice(from + size)];
            const still = fewer.length ? await difference(fewer) : null;
            if (still)
                best = { operations: fewer.slice(0, still.at + 1), found: still };
            else
                from += size;
        }
    return best;
}

for (const seed of SEEDS)
    test(`${OPERATIONS} operations of seed ${seed}`, async () => {
        const random = randomFrom(seed);
        const operations = Array.from({ length: OPERATIONS }, () => operation(random));
        const found = await difference(operations);
        if (!found)
            return;
        const least = await shrink(operations, found);
        assert.fail(`the engines differ after ${least.operations.length} operation(s):\n${least.operations.map((op) => JSON.stringify(op)).join('\n')}\n${JSON.stringify(least.found, null, 1)}`);
    });
