// Slips, receipts and the office's own art in the built page.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { assertAccessible } from './browser.mjs';
import { piece, refusal } from './fixture.mjs';
import { callsOf, onPage, skip, until } from './on-page.mjs';

const OUT = { kind: 'printer', name: 'Zebra ZD421' };

test('a receipt and a refund slip are printed from History', { skip }, () => {
  const claimed = { state: 'provisional', message: 'Credited to the account for refills.', final_at: null };
  const listed = [piece({ serial: 'A-1' }), piece({ serial: 'A-2', state: 'spoiled', refund: claimed })];
  return onPage({ pieces: { pieces: listed } }, async (page, station) => {
    await page.click('nav >> text=History');
    await page.click('button:text-is("Receipt")');
    await page.waitForSelector('text=Printed the slip on Zebra ZD421.');
    await page.click('button:text-is("Slip")');
    await until(page, () => callsOf(station, 'slip').length === 2);
    const [receipt, refund] = callsOf(station, 'slip');
    assert.deepEqual([receipt.slip, receipt.out], [{ kind: 'receipt', serial: 'A-1' }, OUT]);
    assert.deepEqual([refund.slip, refund.out], [{ kind: 'refund', serial: 'A-2' }, OUT]);
    await assertAccessible(page, 'History with slips');
  });
});

test('a day is ended on paper from Setup, and a printer without paper is told', { skip }, () =>
  onPage({}, async (page, station) => {
    await page.click('nav >> text=Setup');
    await page.click('#day-end');
    await page.waitForSelector('text=Printed the slip on Zebra ZD421.');
    assert.deepEqual(callsOf(station, 'slip')[0].slip, { kind: 'day-end', day: null });
    assert.deepEqual(callsOf(station, 'slip')[0].out, OUT);
  }).then(() =>
    onPage({ slip: { no: refusal('slip_not_printed', 'Zebra ZD421 did not print the day-end slip: no paper. No money moved.', 'Put it right and print again; it has no value of its own.') } }, async (page) => {
      await page.click('nav >> text=Setup');
      await page.click('#day-end');
      await page.waitForSelector('text=Put it right and print again');
    }),
  ));

test('logo, slogan and message are chosen in Setup', { skip }, () =>
  onPage({}, async (page, station) => {
    await page.click('nav >> text=Setup');
    await page.waitForSelector('#art-save:disabled');
    await page.fill('#art-slogan', 'Seeds that grow');
    await page.keyboard.press('Enter');
    await page.waitForSelector('text=The next label carries it.');
    const [words] = callsOf(station, 'set-office-art');
    assert.deepEqual([words.slogan, words.message, words.logo_png_base64], ['Seeds that grow', '', null]);
    const logo = readFileSync(new URL('./label.png', import.meta.url));
    await page.setInputFiles('#art-logo', { name: 'logo.png', mimeType: 'image/png', buffer: logo });
    await page.waitForSelector('img[alt="The logo as it is printed"]');
    const [, picture] = callsOf(station, 'set-office-art');
    assert.equal(picture.logo_png_base64, logo.toString('base64'));
    assert.deepEqual([picture.slogan, picture.message], [null, null]);
    await assertAccessible(page, 'Setup with office art');
    await page.click('section[aria-labelledby=art-title] >> text=Remove');
    await page.waitForSelector('text=no logo');
  }));
