/** Users: made, changed, given a new password, disabled and closed by an administrator; and what each of that means for the person. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, calm, DESK, noSidewaysScroll, PASSWORD, PHONE, picture, Site } from './steps.mjs';

let site;
before(async () => { site = await Site.open(); });
after(() => site?.close());

/** Somebody who is not signed in yet, at a browser of his own. */
async function stranger() {
    const context = await site.browser.newContext({ locale: 'zh-CN', ...DESK });
    const page = await context.newPage();
    const at = (hook) => page.getByTestId(hook);
    return {
        page, at,
        async signIn(name, password) {
            await page.goto(`${site.base}/login`);
            await at('login-username').fill(name);
            await at('login-password').fill(password);
            await at('login-submit').click();
        },
    };
}
const rowOf = (who, name) => who.page.locator('[data-testid^="user-row-"]', { hasText: name });
const openRow = async (who, name) => {
    await rowOf(who, name).getByRole('button', { name, exact: true }).click();
    await who.at('user-form').waitFor();
};

test('a user is made, gets a role, a password, is disabled and enabled again', async () => {
    const admin = await site.person('admin');
    await admin.go('/users');
    await admin.at('user-new').click();
    await admin.at('user-form').waitFor();
    await accessible(admin);
    await picture(admin, 'user-new');

    // Faults stand at their fields; nothing typed is lost.
    await admin.at('user-form-realName').fill('赵六');
    await admin.at('user-save').click();
    await admin.at('field-fault').first().waitFor();
    await admin.at('user-form-username').fill('keeper');
    await admin.at('user-save').click();
    await admin.page.locator('.field', { has: admin.at('user-form-username') }).getByTestId('field-fault').waitFor();
    assert.equal(await admin.at('user-form-realName').inputValue(), '赵六');
    await accessible(admin);
    await admin.at('user-form-username').fill('zhaoliu');
    const first = await admin.at('user-form-password').inputValue();
    assert.ok(first.length >= 8, 'a first password is offered');
    assert.ok(await admin.at('user-form-mustChangePassword').isChecked());
    await admin.at('user-save').click();
    await admin.at('toast-good').first().waitFor();
    await rowOf(admin, 'zhaoliu').waitFor();

    // The person chooses a password of his own and has what his role has.
    const zhao = await stranger();
    await zhao.signIn('zhaoliu', first);
    await zhao.at('current-password').fill(first);
    await zhao.at('new-password').fill(PASSWORD);
    await zhao.at('new-password-repeat').fill(PASSWORD);
    await zhao.at('new-password-submit').click();
    await zhao.at('menu-materials').waitFor();
    assert.equal(await zhao.at('menu-approval').count(), 0);

    // Another role: the next load has it.
    await openRow(admin, 'zhaoliu');
    await admin.at('user-form-role').selectOption('inventory_manager');
    await admin.at('user-save').click();
    await admin.at('user-form').waitFor({ state: 'detached' });
    await rowOf(admin, 'zhaoliu').getByText('库存管理员').waitFor();
    // Nothing but the role: the list was read before the person chose his password.
    assert.equal((await site.api('admin', 'GET', '/users?keyword=zhaoliu')).list[0].must_change_password, 0);
    await zhao.page.goto(`${site.base}/materials`);
    await zhao.at('menu-approval').waitFor();

    // A new password: the old one is none any more.
    await openRow(admin, 'zhaoliu');
    await admin.at('user-reset-password').click();
    const second = await admin.at('user-form-password').inputValue();
    assert.notEqual(second, first);
    await admin.at('user-save').click();
    await admin.at('user-form').waitFor({ state: 'detached' });
    await zhao.page.evaluate(() => localStorage.clear());
    await zhao.signIn('zhaoliu', PASSWORD);
    await zhao.at('error-message').waitFor();
    await zhao.signIn('zhaoliu', second);
    await zhao.at('current-password').waitFor();

    // Disabled: cut off at once; and back.
    await openRow(admin, 'zhaoliu');
    await admin.at('user-form-active').uncheck();
    await admin.at('user-save').click();
    await rowOf(admin, 'zhaoliu').getByText('已停用').waitFor();
    await zhao.page.evaluate(() => localStorage.clear());
    await zhao.signIn('zhaoliu', second);
    await zhao.at('error-message').waitFor();
    await openRow(admin, 'zhaoliu');
    await admin.at('user-form-active').check();
    await admin.at('user-save').click();
    await rowOf(admin, 'zhaoliu').getByText('启用').waitFor();
    await zhao.signIn('zhaoliu', second);
    await zhao.at('current-password').waitFor();

    // Closed, after a question that names the account.
    await openRow(admin, 'zhaoliu');
    await admin.at('user-close').click();
    await admin.at('question').getByText('zhaoliu').waitFor();
    await admin.at('question-no').click();
    await admin.at('user-form').waitFor();
    await admin.at('user-close').click();
    await admin.at('question-yes').click();
    await admin.at('user-form').waitFor({ state: 'detached' });
    calm(admin, /400|409/);
});

test('by keyboard and on a phone: the form opens, Escape closes it, the focus goes back', async () => {
    const admin = await site.person('admin', { ...PHONE, colorScheme: 'dark' });
    await admin.go('/users');
    const keeper = admin.page.getByRole('button', { name: 'keeper', exact: true });
    await keeper.focus();
    await admin.page.keyboard.press('Enter');
    await admin.at('user-form').waitFor();
    await noSidewaysScroll(admin);
    await accessible(admin);
    await picture(admin, 'user-phone');
    await admin.page.keyboard.press('Escape');
    await admin.at('user-form').waitFor({ state: 'detached' });
    assert.equal(await admin.page.evaluate(() => document.activeElement?.textContent?.trim()), 'keeper');
    // Nobody disables himself.
    await admin.page.getByRole('button', { name: 'admin', exact: true }).click();
    assert.ok(await admin.at('user-form-active').isDisabled());
    assert.equal(await admin.at('user-close').count(), 0);
    calm(admin);
});

test('only administrators', async () => {
    for (const name of ['keeper', 'manager']) {
        const who = await site.person(name);
        await who.go('/users');
        await who.at('not-permitted').getByText('管理用户').waitFor();
        await who.at('not-permitted-roles').getByText('系统管理员').waitFor();
        assert.equal(await who.at('menu-users').count(), 0);
        calm(who);
    }
});
