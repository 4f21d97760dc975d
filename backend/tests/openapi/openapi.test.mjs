// The program's description of itself: is it OpenAPI 3.1, is it whole, and do its examples fit their schemas?
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

import { start } from '../api/harness.mjs';

const server = await start();
after(() => server.stop());
const answer = await server.client().get('/api/openapi.json');
const openapi = answer.body;
const operations = Object.entries(openapi.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ key: `${method.toUpperCase()} ${path}`, method, path, operation })));
const named = (value) => (value.$ref ? value.$ref.slice(2).split('/').reduce((at, name) => at[name], openapi) : value);

test('it is valid OpenAPI 3.1', async () => {
    assert.equal(answer.status, 200);
    assert.match(answer.headers['content-type'], /^application\/json\b/);
    const validator = new Validator();
    const result = await validator.validate(structuredClone(openapi));
    assert.ok(result.valid, JSON.stringify(result.errors, null, 1));
    assert.equal(validator.version, '3.1');
    assert.doesNotMatch(answer.text, /"nullable"/);
});

test('each operation has an id of its own, a summary, a known tag, and says who may', () => {
    const ids = operations.map((one) => one.operation.operationId), tags = openapi.tags.map((tag) => tag.name);
    assert.deepEqual(ids.filter((id, i) => ids.indexOf(id) !== i), []);
    for (const { key, operation } of operations) {
        assert.match(operation.operationId, /^(get|post|put|delete)[A-Z]\w*$/, key);
        assert.ok(operation.summary, key);
        assert.ok(operation.tags.every((tag) => tags.includes(tag)), key);
        assert.deepEqual(operation.security, operation['x-permission'] === 'open' ? [] : [{ bearerAuth: [] }], key);
    }
    for (const tag of openapi.tags)
        assert.ok(operations.some((one) => one.operation.tags.includes(tag.name)), `nothing has the tag ${tag.name}`);
});

test('path parameters are those of the path', () => {
    for (const { key, path, operation } of operations) {
        const declared = operation.parameters.filter((one) => one.in === 'path');
        assert.deepEqual(declared.map((one) => one.name), [...path.matchAll(/\{(\w+)\}/g)].map((found) => found[1]), key);
        for (const { name, schema } of declared)
            assert.equal(schema.type, /^id$|Id$/.test(name) ? 'integer' : 'string', `${key}: ${name}`);
    }
});

test('lists tell their filters, sorts and pages; writes their headers', () => {
    const names = (path, method) => openapi.paths[path][method].parameters.map((one) => one.name);
    assert.deepEqual(names('/api/materials', 'get'),
        ['status', 'category', 'keyword', 'subcategory', 'unit', 'lowStock', 'totals', 'page', 'pageSize', 'cursor', 'sort']);
    assert.deepEqual(names('/api/operation-logs/stats', 'get'), ['startDate', 'endDate']);
    assert.deepEqual(names('/api/materials/{id}', 'put'), ['id', 'If-Match']);
    assert.deepEqual(names('/api/inventory', 'post'), ['Idempotency-Key']);
    assert.deepEqual(names('/api/auth/login', 'post'), []);
    const sort = openapi.paths['/api/inventory'].get.parameters.find((one) => one.name === 'sort');
    assert.deepEqual(sort.schema.enum, ['created_at', '-created_at', 'transaction_code', '-transaction_code']);
});

test('every failure that is told has a status, and every status a failure', () => {
    const status = Object.fromEntries(openapi['x-errors'].map((row) => [row.code, String(row.status)]));
    assert.deepEqual(openapi.components.schemas.Failure.properties.code.enum, Object.keys(status));
    for (const { key, operation } of operations) {
        const failures = Object.keys(operation.responses).filter((one) => one >= '400');
        assert.deepEqual([...new Set(operation['x-codes'].map((code) => status[code]))].sort(), failures, key);
        const wanted = ['400', '500', '503'];
        if (operation['x-permission'] !== 'open')
            wanted.push('401');
        if (operation.requestBody)
            wanted.push('413', ...(operation.requestBody.content['application/json'] ? ['415'] : []));
        if (/\{/.test(key) && !key.includes('/admin/database/table/')) // there 400, as older clients expect
            wanted.push('404');
        if (!key.startsWith('GET'))
            wanted.push('409');
        assert.deepEqual(wanted.filter((one) => !failures.includes(one)), [], key);
    }
});

test('every example fits its schema, and every JSON body and answer has one', () => {
    const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
    addFormats.default(ajv);
    const absolute = (schema) => JSON.parse(JSON.stringify(schema).replaceAll('"#/components/schemas/', '"mms:/schemas#/$defs/'));
    ajv.addSchema({ $id: 'mms:/schemas', $defs: absolute(openapi.components.schemas) });
    const check = (content, where) => {
        const { schema, example } = content;
        if (where.includes('/api/openapi.json'))
            return;
        assert.notEqual(example, undefined, `${where} has no example`);
        const fits = ajv.compile(absolute(schema));
        assert.ok(fits(example), `${where}: ${JSON.stringify(fits.errors)}\n${JSON.stringify(example)}`);
    };
    for (const { key, operation } of operations) {
        if (operation.requestBody?.content['application/json'])
            check(operation.requestBody.content['application/json'], `${key}: body`);
        for (const [status, told] of Object.entries(operation.responses)) {
            const { content } = named(told);
            if (content['application/json'])
                check(content['application/json'], `${key}: ${status}`);
        }
    }
});
