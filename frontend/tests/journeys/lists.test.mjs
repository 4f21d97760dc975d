/** Lists: what is asked for stands as chips and in the address, columns follow their person, views go from hand to hand, keys do it all. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, calm, picture, Site } from './steps.mjs';

let site;
before(async () => { site = await Site.open(); });
after(() => site?.close());

const total = (who) => who.at('list-total').innerText();
const rows = (who, name = 'material-row') => who.page.locator(`[data-testid^="${name}-"]`);
const query = (who) => Object.fromEntries(new URL(who.page.url()).searchParams);
/** Until the list says so many, or another number than before. */
const until = (who, wanted) => who.at('list-total').getByText(wanted).waitFor();

test('what is asked for stands as chips, each of which goes by itself, and in the address', async () => {
    const keeper = await site.person('keeper');
    await keeper.go('/materials');
    await rows(keeper).first().waitFor();
    const all = await total(keeper);
    await keeper.at('material-category').click();
    await keeper.page.keyboard.press('ArrowDown');
    await keeper.page.keyboard.press('ArrowDown');
    await keeper.page.keyboard.press('Enter');
    await keeper.at('chip-category').waitFor();
    assert.equal(await keeper.at('material-unit').isVisible(), false, 'folded');
    await keeper.at('filters-fold').click();
    await keeper.at('material-unit').fill('kg');
    await keeper.at('material-search').click();
    await keeper.at('chip-unit').getByText('kg').waitFor();
    const { category, unit } = query(keeper);
    assert.deepEqual([['chemical', 'metal'].includes(category), unit], [true, 'kg']);
    await accessible(keeper);
    await picture(keeper, 'lists-chips');

    const other = await site.person('manager');
    await other.page.goto(keeper.page.url());
    await other.at('chip-unit').waitFor();
    assert.equal(await total(other), await total(keeper), 'a link shows the same list');

    await keeper.at('chip-unit').getByRole('button').click();
    await keeper.at('chip-unit').waitFor({ state: 'detached' });
    assert.deepEqual(query(keeper), { category });
    await keeper.at('chips-clear').click();
    await until(keeper, all);
    assert.deepEqual(query(keeper), {});
    await keeper.page.goBack();
    await keeper.at('chip-category').waitFor();
    await keeper.page.reload();
    await keeper.at('material-unit').waitFor();
    calm(keeper);
    calm(other);
});
