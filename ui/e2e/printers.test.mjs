// Printers in the built page: those that are found, added by one click, and those typed in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAccessible } from './browser.mjs';
import { zebra } from './fixture.mjs';
import { callsOf, onPage, skip, until } from './on-page.mjs';

const usb = { kind: 'usb', id: '04b8:0e28', serial: 'J9X', place: null };
const pages = { kind: 'ipp', uri: 'ipp://localhost/printers/office', certificate: null };
const setup = (changes) => ({ ...zebra, ...changes });
const found = {
  printers: [
    { what: 'Zebra ZD421', setup: setup({ name: 'Zebra ZD421 2' }), is_known: true, name: 'Zebra ZD421' },
    { what: 'Office (Laser 4)', setup: setup({ name: 'Office', model: 'ipp', port: pages, dpi: 300, stock: 'envelope-10', acknowledges: false }), is_known: true, name: null },
    { what: 'Nobody P-1', setup: setup({ name: 'Nobody P-1', model: 'esc-pos', port: usb }), is_known: false, name: null },
  ],
  not_looked: ['print server: it answers with HTTP status 403'],
};

test('a found printer is added by one click, and one of an unknown model after its model is chosen', { skip }, () =>
  onPage({ 'find-printers': found }, async (page, station) => {
    await page.click('nav >> text=Setup');
    assert.equal(await page.locator('text=No printer was found.').count(), 0, 'nobody looks by himself');
    await page.click('#p-find');
    await page.waitForSelector('text=set up as Zebra ZD421');
    await page.waitForSelector('text=Not looked everywhere: print server: it answers with HTTP status 403');
    await assertAccessible(page, 'printers that were found');
    await page.click('[aria-label="Add Office (Laser 4)"]');
    await until(page, () => callsOf(station, 'add-printer').length === 1);
    assert.deepEqual(callsOf(station, 'add-printer')[0].printer, found.printers[1].setup);
    await page.waitForSelector('text=set up as Office');
    await page.click('[aria-label="Choose model of Nobody P-1"]');
    assert.equal(await page.inputValue('#p-name'), 'Nobody P-1');
    assert.equal(await page.inputValue('#p-address'), 'USB 04b8:0e28 J9X');
    await page.selectOption('#p-model', 'dymo-lw-450');
    await page.click('#p-add');
    await until(page, () => callsOf(station, 'add-printer').length === 2);
    assert.deepEqual(callsOf(station, 'add-printer')[1].printer, {
      name: 'Nobody P-1', model: 'dymo-lw-450', port: usb, dpi: 300, stock: 'roll-62', acknowledges: false,
    });
    await page.waitForSelector('text=set up as Nobody P-1');
  }));

test('a printer of pages has its own model, and no other printer has it', { skip }, () =>
  onPage({}, async (page, station) => {
    await page.click('nav >> text=Setup');
    const models = () => page.locator('#p-model option').allTextContents();
    assert.equal((await models()).includes('Printer of pages (IPP)'), false);
    await page.selectOption('#p-kind', 'ipp');
    assert.deepEqual(await models(), ['Printer of pages (IPP)']);
    await page.fill('#p-name', 'Office');
    await page.fill('#p-address', ' ipps://10.0.0.9/ipp/print ');
    await page.click('#p-add');
    await until(page, () => callsOf(station, 'add-printer').length === 1);
    assert.deepEqual(callsOf(station, 'add-printer')[0].printer, {
      name: 'Office', model: 'ipp', port: { kind: 'ipp', uri: 'ipps://10.0.0.9/ipp/print', certificate: null },
      dpi: 300, stock: 'label-4x6', acknowledges: true,
    });
  }));
