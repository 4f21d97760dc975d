/**
 * What the journeys share: a program with the demo data of its own, a real browser, and people who sit at it.
 * MMS_BINARY: the program; WEB_DIR: the built page; CHROMIUM: the browser (default: Debian's chromium-headless-shell, the same engine without its
 * own window, which costs a third less).
 * SCREENSHOTS=FOLDER: pictures are taken there. JOURNEY_SLOW, JOURNEY_DELAY_MS: see slow.mjs.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { patient } from './slow.mjs';

export const FIRST_PASSWORD = 'First-pass1';
export const PASSWORD = 'Second-pass2';
export const DESK = { viewport: { width: 1440, height: 900 } };
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
export const NAMES = ['admin', 'keeper', 'manager'];
const BROWSER = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell';
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A browser, with what of its devices `args` say. */
export const launch = async (args = []) => patient(await chromium.launch({ executablePath: CHROMIUM, args: [...BROWSER, ...args] }));

/** A site: `await Site.open()`, people by `site.person(name, screen)`, `await site.close()` at the end. */
export class Site {
    static async open() {
        const site = new Site();
        site.folder = mkdtempSync(path.join(os.tmpdir(), 'mms-journey-'));
        await site.begin().catch(async (why) => {
            await site.close();
            throw why;
        });
        return site;
    }

    async begin() {
        this.continuous = path.join(this.folder, 'continuous');
        mkdirSync(this.continuous);
        this.program('demo');
        await this.start();
        for (const name of NAMES) await this.firstPassword(name);
        this.browser = await launch();
    }

    /** Runs another command of the program on this site. */
    program(...args) {
        const { status, stderr } = spawnSync(process.env.MMS_BINARY, args, { env: this.environment(), encoding: 'utf8' });
        assert.equal(status, 0, stderr);
    }

    environment() {
        return {
            PATH: process.env.PATH, PORT: String(this.port ?? 0), HOST: '127.0.0.1', NODE_ENV: 'test', DB_PATH: path.join(this.folder, 'mms.db'),
            UPLOAD_DIR: this.folder, BACKUP_DIR: path.join(this.folder, 'backups'), BACKUP_CONTINUOUS_DIR: this.continuous, WEB_DIR: process.env.WEB_DIR, JWT_SECRET: 'journey-0123456789-abcdefghij-KLMNOP',
            ADMIN_INITIAL_PASSWORD: FIRST_PASSWORD, ...this.settings,
        };
    }

    /** Starts the program; the second time where it was before. */
    async start() {
        this.server = spawn(process.env.MMS_BINARY, ['serve'], { env: this.environment() });
        this.port = await new Promise((resolve, reject) => {
            let text = '';
            this.server.on('exit', (code) => reject(new Error(`the program ended with ${code}\n${text}`)));
            this.server.stderr.on('data', (bytes) => (text += bytes));
            this.server.stdout.on('data', (bytes) => {
                text += bytes;
                const found = /"event":"server.started","port":(\d+)/.exec(text);
                if (found) resolve(found[1]);
            });
        });
        this.base = `http://127.0.0.1:${this.port}`;
    }

    async stop() {
        if (!this.server || this.server.exitCode !== null) return;
        const ended = new Promise((resolve) => this.server.once('exit', resolve));
        this.server.kill('SIGTERM');
        assert.equal(await ended, 0, 'a graceful end');
    }

    async close() {
        await this.browser?.close();
        await this.stop();
        rmSync(this.folder, { recursive: true, force: true });
    }

    async login(username, password = PASSWORD) {
        const answer = await fetch(`${this.base}/api/auth/login`, {
            method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ username, password }),
        });
        const body = await answer.json();
        assert.equal(answer.status, 200, body.message);
        return body.data;
    }

    async firstPassword(name) {
        const { accessToken } = await this.login(name, FIRST_PASSWORD);
        await this.api({ accessToken }, 'POST', '/auth/change-password', { currentPassword: FIRST_PASSWORD, newPassword: PASSWORD });
    }

    /** A call of the service beside the page: `who` is a name, or what login gave. Gives `data` of the answer. */
    async api(who, method, where, body) {
        const { accessToken } = typeof who === 'string' ? await this.login(who) : who;
        const answer = await fetch(`${this.base}/api${where}`, {
            method, headers: { Authorization: `Bearer ${accessToken}`, ...(body ? { 'Content-Type': 'application/json' } : {}) },
            body: body && JSON.stringify(body),
        });
        const { success, message, data } = await answer.json();
        assert.ok(success, `${method} ${where}: ${answer.status} ${message}`);
        return data;
    }

    /**
     * Somebody signed in, at a browser of his own. Every breach of the content policy, script error, and error or warning in the
     * console is kept in `faults`: the journey ends with `calm(who)`.
     * @param {string} name  one of NAMES
     * @param {object} screen  DESK or PHONE; further options of a browser context
     */
    async person(name, screen = DESK) {
        const context = await this.browser.newContext({ locale: 'zh-CN', timezoneId: 'Asia/Shanghai', ...screen });
        const { accessToken, refreshToken, user } = await this.login(name);
        await context.addInitScript(([key, session]) => {
            if (!sessionStorage.getItem('journey')) localStorage.setItem(key, session);
            sessionStorage.setItem('journey', 'signed in');
        }, ['mms.session', JSON.stringify({ accessToken, refreshToken, user })]);
        const page = await context.newPage();
        const who = { page, context, base: this.base, faults: listened(page), at: (hook) => page.getByTestId(hook) };
        who.go = (where) => page.goto(`${this.base}${where}`);
        return who;
    }
}

/** The machine has got or lost a network interface meanwhile (a container somewhere on it): the browser says so, and the page asks again. */
const OF_THE_MACHINE = /net::ERR_NETWORK_CHANGED/;

function listened(page) {
    const faults = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && !OF_THE_MACHINE.test(message.text()) && faults.push(`${message.type()}: ${message.text()}`));
    return faults;
}

/** Nothing went wrong behind the scenes; `expected`: messages that belong to the journey (an answer 4xx is an error of the console). */
export function calm(who, ...expected) {
    assert.deepEqual(who.faults.filter((fault) => !expected.some((known) => known.test(fault))), []);
}

/** No violation of WCAG 2.2 A and AA, nor of axe's good practice, on the page as it stands. `colours`: only what colours can break, where
 *  all of the page was looked at in the other theme just before. */
export async function accessible(who, colours = false) {
    // What is just closing is not there any more for anybody but axe.
    await who.page.waitForFunction(() => !document.querySelector('[class*="-leave-active"]'));
    // Through the debugger, which the page's content policy does not bind.
    if (!await who.page.evaluate(() => 'axe' in window)) await who.page.evaluate(AXE);
    const { violations } = await who.page.evaluate((runOnly) => window.axe.run(document, { resultTypes: ['violations'], preload: false, ...(runOnly && { runOnly }) }),
        colours ? COLOUR_RULES : null);
    const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.slice(0, 5).map(({ target, failureSummary }) => `    ${target.join(' ')} ${failureSummary}`).join('\n')}`);
    assert.equal(told.length, 0, `${who.page.url()}\n${told.join('\n')}`);
}

/** Neither the page is wider than the screen, nor what is in it wider than the page, which would cut it off. */
export async function noSidewaysScroll(who) {
    const [is, has, holds, shows] = await who.page.evaluate(() => {
        const content = document.querySelector('#content') ?? document.documentElement;
        return [document.documentElement.scrollWidth, window.innerWidth, content.scrollWidth, content.clientWidth];
    });
    assert.ok(is <= has, `${who.page.url()}: ${is} px wide on a screen of ${has}`);
    assert.ok(holds <= shows, `${who.page.url()}: ${holds} px cut off at ${shows}`);
}

export async function picture(who, name) {
    if (!process.env.SCREENSHOTS) return;
    await who.page.waitForTimeout(600);
    await who.page.screenshot({ path: path.join(process.env.SCREENSHOTS, `${name}.png`) });
}

export async function chooseMaterial(who, line, code) {
    await who.at(`line-material-${line}`).click();
    await who.at(`line-material-${line}`).fill(code);
    await who.page.locator('[data-testid^="material-option-"]', { hasText: code }).first().click();
}

/** Keys as a scanner sends them: 8 ms apart by the clock of the keyboard, however late the page gets to them. */
export async function scanned(who, code) {
    const keyboard = await who.context.newCDPSession(who.page);
    const keys = [...code, 'Enter'], began = Date.now() / 1000 - keys.length * 0.008;
    for (const [i, key] of keys.entries()) {
        const what = { key, timestamp: began + i * 0.008, ...(key === 'Enter' ? { code: key, windowsVirtualKeyCode: 13, text: '\r' } : { text: key }) };
        await keyboard.send('Input.dispatchKeyEvent', { type: 'keyDown', ...what });
        await keyboard.send('Input.dispatchKeyEvent', { type: 'keyUp', key, timestamp: what.timestamp });
    }
    await keyboard.detach();
}
