// The real window under Xvfb, driven by WebKitWebDriver, on a real data center.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { demo, noDemo } from './demo.mjs';
import { display, driver, noWindow, open } from './webdriver.mjs';

const skip = noWindow() ?? noDemo() ?? false;
/** Where the screenshot for the README goes when one is wanted. */
const SCREENSHOT = process.env.PENNYBLACK_SCREENSHOT;
/** Addresses and what the vault holds after each. */
const PIECES = [
  ['Addressee\n350 Fifth Ave\nNew York NY 10118', '$49.22'],
  ['Addressee\n100 Congress Ave\nAustin TX 78701', '$48.44'],
];
const KEY = { F2: '\uE032', F8: '\uE038', Enter: '\uE007', Escape: '\uE00C', Control: '\uE009' };

test('in the real window: enrol, refill, print, and axe finds nothing serious', { skip, timeout: 240_000 }, async () => {
  const center = await demo();
  const screen = await display();
  const automation = await driver({ ...center.environment, DISPLAY: screen.name });
  try {
    const window = await open(automation.base, ['--data', center.station]);
    await window.type('#server', center.url);
    await window.type('#code', center.code);
    await window.click('input[value=key-file]');
    await window.type('#path', center.key);
    await window.click('#enrol-go');
    await window.sees('Vault', 60);

    await window.press(KEY.F8);
    await window.type('#amount', '50.00');
    await window.click('#refill-go');
    await window.sees('Added $50.00. Balance $50.00.', 30);
    await window.press(KEY.Escape);

    for (const [address, after] of PIECES) {
      await window.press(KEY.F2);
      await window.type('#address', address);
      await window.enabled('#print');
      await window.press(KEY.Control, KEY.Enter);
      await window.sees(`Balance ${after}`);
    }
    await window.type('#address', 'Minnie Ellsworth\n12 N Main St Apt 4\nBoise ID 83702');
    await window.enabled('#print');
    assert.deepEqual(await window.axe(), []);
    if (SCREENSHOT !== undefined) {
      await window.screenshot(SCREENSHOT);
    }
    assert.equal(await window.run('return document.fonts.check("15px Inter")'), true);
    await window.close();
  } finally {
    automation.stop();
    screen.stop();
    await center.stop();
  }
});
