// People, materials and documents for the tests, made through the API.
import assert from 'node:assert/strict';

import { Client, accepted } from './client.mjs';

export const PASSWORD = 'Test-Password-1';
let counter = 0;

/** A name that nothing else in this run has. */
export function unique(prefix) {
    return `${prefix}-${process.pid % 10000}-${++counter}`;
}

/** A new user with this role, signed in. */
export async function makeUser(admin, role, more = {}) {
    const body = { username: unique('user'), password: PASSWORD, role, realName: unique('真名'), ...more };
    const { id } = accepted(await admin.post('/api/users', body), 201, '用户创建成功');
    const client = await new Client(admin.place).login(body.username, body.password);
    assert.equal(client.user.id, id);
    client.realName = body.realName;
    return client;
}

/** One signed-in user for each name: makeUsers(admin, {U: 'regular_user', M: 'inventory_manager'}). */
export async function makeUsers(admin, roles) {
    const people = {};
    for (const [name, role] of Object.entries(roles))
        people[name] = await makeUser(admin, role);
    return people;
}

export const materialBody = (more = {}) => ({
    materialCode: unique('MAT'), materialName: unique('试验物料'), category: 'chemical', unit: 'kg', ...more,
});

/** A new material, as its row. */
export async function makeMaterial(client, more = {}) {
    const { id } = accepted(await client.post('/api/materials', materialBody(more)), 201, '物料创建成功');
    return getMaterial(client, id);
}

export async function getMaterial(client, id) {
    return accepted(await client.get(`/api/materials/${id}`), 200);
}

/** Creates a document and gives {id, transactionCode, status}. */
export async function makeDocument(client, body) {
    return accepted(await client.post('/api/inventory', body), 201, '出入库单创建成功,等待审批');
}

export async function getDocument(client, id) {
    return accepted(await client.get(`/api/inventory/${id}`), 200);
}

export const receiptOf = (materialId, quantity, more = {}) => ({ transactionType: 'in', materialId, quantity, ...more });
export const issueOf = (materialId, quantity, more = {}) => ({ transactionType: 'out', materialId, quantity, ...more });

export function approve(client, id, remark) {
    return client.put(`/api/inventory/${id}/approve`, { action: 'approve', ...(remark && { remark }) });
}

export function reject(client, id, remark) {
    return client.put(`/api/inventory/${id}/approve`, { action: 'reject', ...(remark && { remark }) });
}

/** A document by one person, approved by another; gives the detail. */
export async function post(applicant, approver, body) {
    const { id } = await makeDocument(applicant, body);
    accepted(await approve(approver, id), 200, '出入库单已批准');
    return getDocument(approver, id);
}

/** Receipt and approval of `quantity`. */
export function stockUp(applicant, approver, materialId, quantity, more = {}) {
    return post(applicant, approver, receiptOf(materialId, quantity, more));
}

/** Numbers of documents, in order of creation: each kind and day counts 1, 2, 3 … Gives the days found ("IN20261123"). */
export function withoutGaps(numbers) {
    const last = {};
    for (const number of numbers) {
        const [, prefix, day, sequence] = number.match(/^(IN|OUT)-?(\d{8})-?(\d{3,})$/) ?? assert.fail(`not a number: ${number}`);
        last[prefix + day] = (last[prefix + day] ?? 0) + 1;
        assert.equal(Number(sequence), last[prefix + day], `${number} comes after ${last[prefix + day] - 1} of its kind and day`);
    }
    return Object.keys(last);
}
