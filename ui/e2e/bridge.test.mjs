// The same page in Chromium through the loopback bridge, on a real data center.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAccessible, launch, noBrowser } from './browser.mjs';
import { BRIDGE, demo, noDemo, started } from './demo.mjs';

const skip = noBrowser ?? noDemo() ?? false;

/**
 * Enrols a station in a page of the bridge and hands it to `act`; nothing may break in it.
 * @param {{ width: number, height: number }} viewport
 * @param {(page: import('playwright-core').Page) => Promise<unknown>} act
 */
async function onBridge(viewport, act) {
  const center = await demo();
  const bridge = await started(BRIDGE, ['--data', center.station, '--json']);
  const browser = await launch();
  try {
    const page = await browser.newPage({ viewport });
    const faults = [];
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(bridge.told.url);
    await page.fill('#server', center.url);
    await page.fill('#code', center.code);
    await page.check('input[value=key-file]');
    await page.fill('#path', center.key);
    await assertAccessible(page, 'first run');
    await page.click('#enrol-go');
    await page.waitForSelector('#balance', { timeout: 60_000 });
    await act(page);
    assert.deepEqual(faults, []);
  } finally {
    await browser.close();
    await bridge.stop();
    await center.stop();
  }
}

/** The first refill, by the keyboard. */
async function refill(page, amount) {
  await page.keyboard.press('F8');
  await page.fill('#amount', amount);
  await page.keyboard.press('Enter');
  await page.waitForSelector(`text=Added $${amount}. Balance $${amount}.`, { timeout: 30_000 });
  await assertAccessible(page, 'after a refill');
  await page.keyboard.press('Escape');
}

test('in a browser: enrol, refill, price, see the label, print, and find it in the history', { skip, timeout: 180_000 }, () =>
  onBridge({ width: 1280, height: 800 }, async (page) => {
    await refill(page, '50.00');

    await page.fill('#address', 'Addressee\n12 N Main St Apt 4\nBoise ID 83702');
    await page.waitForSelector('#print:enabled');
    const price = (await page.textContent('#print .num')).trim();
    assert.match(price, /^\$\d+\.\d{2,3}$/);
    await assertAccessible(page, 'a priced piece');
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector(`text=Printed 1 letter, ${price}.`);
    const left = 50_000 - Math.round(Number(price.slice(1)) * 1000);
    await page.waitForFunction((words) => document.getElementById('balance').textContent === words, `$${(left / 1000).toFixed(3).replace(/0$/, '')}`);

    await page.click('nav >> text=History');
    await page.waitForSelector('td >> text=Printed');
    assert.equal(await page.locator('tbody tr').count(), 1);
    await assertAccessible(page, 'the history');
  }));

test('in a browser: a piece is weighed on the practice scale and printed only while it lies there', { skip, timeout: 180_000 }, () =>
  onBridge({ width: 1024, height: 640 }, async (page) => {
    await refill(page, '20.00');

    await page.click('nav >> text=Setup');
    await page.click('#use-practice');
    await page.waitForSelector('text=for practice: nothing real is weighed');
    await page.click('nav >> text=Counter');
    const put = async (load) => {
      await page.fill('#practice-load', load);
      await page.click('#practice-put');
    };
    await put('1.9oz');
    await page.waitForFunction(() => /1\.9 oz\s+stable/.test(document.getElementById('scale').textContent));
    await page.fill('#address', 'Addressee\n12 N Main St Apt 4\nBoise ID 83702');
    await page.keyboard.press('F11');
    await page.waitForSelector('#take >> text=Taken');
    assert.equal(await page.inputValue('#weight'), '1.9oz');
    await page.waitForSelector('#print:enabled');
    await assertAccessible(page, 'a weighed piece');

    await put('2.9oz');
    await page.waitForSelector('#load-changed');
    await page.waitForSelector('#print:disabled');
    await page.waitForFunction(() => /2\.9 oz\s+stable/.test(document.getElementById('scale').textContent));
    await page.keyboard.press('F11');
    await page.waitForSelector('#print:enabled');
    const price = (await page.textContent('#print .num')).trim();
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector(`text=Printed 1 letter, ${price}.`);

    await page.check('#follow');
    await put('0.9oz');
    await page.waitForFunction(() => {
      const field = document.getElementById('weight');
      return field instanceof HTMLInputElement && field.value === '0.9oz';
    });
  }));

test('without its token the page cannot ask the station anything', { skip, timeout: 60_000 }, async () => {
  const center = await demo();
  const bridge = await started(BRIDGE, ['--data', center.station, '--json']);
  try {
    const url = new URL(bridge.told.url);
    const body = '{"call":"status"}';
    const ask = (headers) => fetch(new URL('/call', url.origin), { method: 'POST', headers, body });
    assert.equal((await ask({})).status, 401);
    const authorization = `Bearer ${url.hash.slice(1)}`;
    assert.equal((await ask({ authorization, origin: 'https://evil.example' })).status, 403);
    assert.equal((await ask({ authorization })).status, 200);
  } finally {
    await bridge.stop();
    await center.stop();
  }
});
