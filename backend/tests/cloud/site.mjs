// A site whose files are in the emulator's object storage: what the tests of that have in common.
import { after } from 'node:test';

import { makeUser, start } from '../api/harness.mjs';
import { startEmulator } from './emulator/server.mjs';

export const BUCKET = 'mms-files-4f2a', KEY = 'LTAI-of-the-tests', SECRET = 'a-secret-that-nobody-may-see-1';
/** What people are told: status, code, words. */
export const AWAY = [503, 'files_unreachable', '文件存储暂时无法访问，请稍后重试'];
export const REFUSED = [503, 'files_refused', '文件存储拒绝了访问，请联系管理员'];
export const BROKEN = [503, 'files_broken', '文件在传输中损坏，请重试'];

export const keyOf = (avatar) => avatar.replace('/uploads/', '');

/** An emulator with the bucket and the key of these tests. */
export const bucketCloud = (options = {}) => startEmulator({ keys: { [KEY]: { secret: SECRET } }, buckets: { [BUCKET]: {} }, ...options });
/** Settings of a program that has its files there. */
export const inBucket = (cloud, more = {}) => ({ UPLOAD_BACKEND: 'oss', OSS_BUCKET: BUCKET, OSS_REGION: 'cn-hangzhou', OSS_ENDPOINT: cloud?.url, OSS_ACCESS_KEY_ID: KEY, OSS_ACCESS_KEY_SECRET: SECRET, ...more });

/** Both, until the end of the file's tests: {cloud, server, admin, U}; U is a regular user. */
export async function startSite(more = {}) {
    const cloud = await bucketCloud(), server = await start({ env: inBucket(cloud, more) });
    server.secrets.push(SECRET);
    after(async () => {
        await server.stop();
        await cloud.close();
    });
    const admin = await server.admin();
    return { cloud, server, admin, U: await makeUser(admin, 'regular_user') };
}
