// Shows the description of the program, openapi.json. Whatever comes from there is put in as text.
'use strict';

const ROLES = { system_admin: '系统管理员', inventory_manager: '库存管理员', regular_user: '普通用户' };
const PLACES = { path: '路径', query: '查询', header: '请求头' };
const main = document.getElementById('main');
const search = document.getElementById('search');
const fold = document.getElementById('fold');
let openapi, errors, shown = [];

/** An element: attributes ('class', 'id' …), then children: elements or texts. */
function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes ?? {}))
        element.setAttribute(name, value);
    for (const child of children.flat(Infinity))
        if (child !== null && child !== undefined)
            element.append(typeof child === 'object' ? child : document.createTextNode(child));
    return element;
}

const title = (zh, en) => make('h3', {}, zh, make('small', {}, en));
const named = (told) => (told.$ref ? told.$ref.slice(2).split('/').reduce((at, name) => at[name], openapi) : told);
const refName = (schema) => schema.$ref?.split('/').at(-1);

function table(heads, rows) {
    return make('div', { class: 'scroll' }, make('table', {},
        make('thead', {}, make('tr', {}, heads.map((head) => make('th', { scope: 'col' }, head)))),
        make('tbody', {}, rows.map((row) => make('tr', {}, row.map((cell) => make('td', {}, cell)))))));
}

/** Types and limits in a line: "string | null · ≤ 50 字符". */
function inWords(schema) {
    const { type, items, format, minimum, exclusiveMinimum, maximum, minLength, maxLength, minItems, maxItems, default: preset } = schema;
    const range = (min, max, unit) => (max !== undefined ? `${min ?? 0}–${max}${unit}` : min ? `≥ ${min}${unit}` : null);
    const element = items && (refName(items) ?? [named(items).type ?? ''].flat().join(' | '));
    const words = [
        'const' in schema ? JSON.stringify(schema.const) : [type ?? refName(schema) ?? 'object'].flat().join(' | ') + (element ? `<${element}>` : ''),
        format, exclusiveMinimum === undefined ? null : `> ${exclusiveMinimum}`, range(minimum, maximum, ''), range(minLength, maxLength, ' 字符'), range(minItems, maxItems, ' 个'),
        schema.enum && schema.enum.filter((one) => one !== null).join(' | '), preset === undefined ? null : `默认 ${preset}`,
    ];
    return words.filter(Boolean).join(' · ');
}

/** The members of a schema, all that it is put together from taken into one. */
function membersOf(schema) {
    const own = named(schema);
    const parts = [own, ...(own.allOf ?? []).map(membersOf)];
    return { properties: Object.assign({}, ...parts.map((part) => part.properties)), required: parts.flatMap((part) => part.required ?? []), anyOf: own.anyOf };
}

function schemaList(schema) {
    const { properties, required, anyOf } = membersOf(schema);
    const rows = Object.entries(properties).map(([name, member]) => {
        const line = [make('code', {}, name), required.includes(name) ? make('span', { class: 'must', title: '必有' }, ' *') : null,
            ' ', make('span', { class: 'type' }, inWords(member)), member.description ? make('span', { class: 'note' }, ` ${member.description}`) : null];
        const inner = member.items ?? member;
        const deeper = Object.keys(membersOf(inner).properties).length > 0;
        return make('li', {}, deeper ? make('details', {}, make('summary', {}, line), schemaList(inner)) : line);
    });
    const choices = (anyOf ?? []).map((one) => make('li', { class: 'note' }, refName(one) ? `或直接给出 ${refName(one)} 的成员` : `或给出 ${(one.required ?? []).join(', ')}`,
        refName(one) ? schemaList(one) : null));
    return make('ul', { class: 'schema' }, rows, choices);
}

function content(told) {
    return Object.entries(told.content ?? {}).map(([media, { schema, example }]) => [
        media === 'application/json' ? null : make('p', { class: 'note' }, media),
        make('details', {}, make('summary', {}, '结构 ', make('span', { class: 'type' }, refName(schema) ?? 'Schema')), schemaList(schema)),
        example === undefined ? null : make('details', { open: '' }, make('summary', {}, '示例'), make('pre', { tabindex: '0' }, JSON.stringify(example, null, 2))),
    ]);
}

function failures(operation) {
    const rows = operation['x-codes'].map((code) => errors.get(code)).sort((a, b) => a.status - b.status);
    return make('details', {}, make('summary', {}, Object.keys(operation.responses).filter((status) => status >= '400').join(' · ')),
        table(['状态', 'code', 'message'], rows.map((row) => [row.status, make('code', {}, row.code), `${row.zh}　${row.en}`])));
}

function detail({ operation }) {
    const { parameters, requestBody, responses } = operation;
    const [status, answer] = Object.entries(responses).find(([one]) => one < '400');
    const open = operation['x-permission'] === 'open';
    return make('div', {},
        make('p', {}, '权限 ', make('code', {}, operation['x-permission']), ' ',
            open ? '任何人' : operation['x-roles'].map((role) => ROLES[role] ?? role).join('、'),
            make('span', { class: 'note' }, `　operationId ${operation.operationId}`)),
        parameters.length ? [title('参数', 'Parameters'), table(['名称', '位置', '类型', '说明'], parameters.map((one) => [
            [make('code', {}, one.name), one.required ? make('span', { class: 'must' }, ' *') : null], PLACES[one.in], inWords(one.schema), one.description ?? '']))] : null,
        requestBody ? [title('请求体', 'Body'), content(requestBody)] : null,
        title(`回答 ${status}`, answer.description), content(answer),
        title('失败', 'Failures'), failures(operation));
}

/** A foldable operation; what is inside is made when it is first opened. */
function operationCard(one) {
    const card = make('details', { class: 'op', id: one.operation.operationId },
        make('summary', {}, make('span', { class: `method ${one.method}` }, one.method.toUpperCase()),
            make('span', { class: 'path' }, one.path), make('span', { class: 'name' }, one.operation.summary)));
    card.addEventListener('toggle', () => card.open && card.children.length === 1 && card.append(detail(one)));
    return card;
}

function errorTable() {
    const rows = openapi['x-errors'].map((row) => [row.status, make('code', {}, row.code), row.zh, row.en]);
    return make('section', {}, make('h2', {}, '全部错误代码', make('small', {}, 'Error codes')),
        make('details', { class: 'op' }, make('summary', {}, `${rows.length} 个`), make('div', {}, table(['状态', 'code', '中文', 'English'], rows))));
}

function show() {
    const all = Object.entries(openapi.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
    const sections = openapi.tags.map((tag) => {
        const own = all.filter((one) => one.operation.tags.includes(tag.name)).map((one) => {
            const { operation } = one;
            one.card = operationCard(one);
            one.text = [one.method, one.path, operation.summary, operation.operationId, operation['x-permission'], tag.name, tag.description, ...operation['x-codes']].join(' ').toLowerCase();
            return one;
        });
        shown.push(...own);
        return make('section', {}, make('h2', {}, tag.description, make('small', {}, tag.name)), own.map((one) => one.card));
    });
    document.getElementById('title').textContent = `${openapi.info.title} ${openapi.info.version}`;
    document.getElementById('about').textContent = openapi.info.description;
    main.replaceChildren(...sections, errorTable());
    main.removeAttribute('aria-busy');
    filter();
    openHash();
}

/** Every word must be found. */
function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const one of shown)
        one.card.hidden = !words.every((word) => one.text.includes(word));
    for (const section of main.children)
        section.hidden = words.length > 0 && !section.querySelector('.op[id]:not([hidden])');
    document.getElementById('count').textContent = `${shown.filter((one) => !one.card.hidden).length} 个接口`;
}

function openHash() {
    const card = shown.find((one) => `#${one.operation.operationId}` === location.hash)?.card;
    if (!card)
        return;
    card.open = true;
    card.scrollIntoView();
}

search.addEventListener('input', filter);
window.addEventListener('hashchange', openHash);
fold.addEventListener('click', () => {
    const open = fold.getAttribute('aria-pressed') !== 'true';
    fold.setAttribute('aria-pressed', String(open));
    fold.textContent = open ? '全部折叠' : '全部展开';
    for (const one of shown)
        one.card.open = open && !one.card.hidden;
});
document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.target === search)
        return;
    event.preventDefault();
    search.focus();
});

fetch('openapi.json').then((answer) => {
    if (!answer.ok)
        throw new Error(String(answer.status));
    return answer.json();
}).then((told) => {
    openapi = told;
    errors = new Map(told['x-errors'].map((row) => [row.code, row]));
    show();
}).catch((error) => {
    main.removeAttribute('aria-busy');
    main.replaceChildren(make('p', { role: 'alert' }, `无法读取接口描述：${error.message}`));
});
