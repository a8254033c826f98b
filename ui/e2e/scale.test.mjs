// The scale beside the counter over a fixture: what it shows, what is taken over, and what is not
// printed any more.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAccessible } from './browser.mjs';
import { refusal, scale, weighing } from './fixture.mjs';
import { ADDRESS, callsOf, fillPiece, onPage, skip, until, untilField } from './on-page.mjs';

const tells = (station, changes) => station.tell({ event: 'scale', scale: scale(changes) });
/** @type {Partial<import('../src/generated/api').ScaleView>} */
const moving = { state: 'moving', words: 'moving', load: '0.4 oz', weighing: null };
/** @param {string} ounces */
const rests = (number, ounces) => ({ load: `${ounces} oz`, weighing: weighing(number, ounces) });
const shows = (page, words) =>
  page.waitForFunction((text) => document.getElementById('scale')?.textContent.trim().replace(/\s+/g, ' ') === text, words);

test('a station without a scale shows nothing of one, and F11 asks nothing', { skip }, () =>
  onPage({}, async (page, station) => {
    await fillPiece(page);
    await page.keyboard.press('F11');
    await page.waitForTimeout(200);
    assert.equal(await page.locator('#scale').count(), 0);
    assert.deepEqual(callsOf(station, 'weigh'), []);
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('text=Printed 1 letter');
    assert.equal(callsOf(station, 'print')[0].weighing, null);
  }));

test('F11 takes the weight over, and the print says which weighing it is', { skip }, () =>
  onPage({ scale: () => scale({ load: '1.4 oz', weighing: weighing(7, '1.4') }) }, async (page, station) => {
    await shows(page, '1.4 oz stable');
    await page.fill('#address', ADDRESS);
    await page.keyboard.press('F11');
    await untilField(page, '#weight', (holds) => holds === '1.4oz');
    await page.waitForSelector('#take >> text=Taken');
    await page.waitForSelector('#print:enabled');
    await assertAccessible(page, 'a piece that was weighed');
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('text=Printed 1 letter');
    const [print] = callsOf(station, 'print');
    assert.equal(print.weighing, 7);
    assert.equal(print.quote.weight, '1.4oz');
    assert.deepEqual(callsOf(station, 'weigh'), [], 'a load at rest is not waited for');
  }));

test('a price of another load is not printed until it is weighed again or typed', { skip }, () =>
  onPage({ scale: () => scale() }, async (page, station) => {
    await fillPiece(page);
    await page.keyboard.press('F11');
    await page.waitForSelector('#take >> text=Taken');
    tells(station, moving);
    await shows(page, '0.4 oz moving');
    await page.waitForSelector('#print:disabled');
    tells(station, rests(2, '1.9'));
    await shows(page, '1.9 oz stable');
    await page.waitForSelector('#load-changed >> text=Press F11 to weigh again');
    await page.keyboard.press('Control+Enter');
    await page.waitForTimeout(200);
    assert.deepEqual(callsOf(station, 'print'), []);
    await page.keyboard.press('F11');
    await page.waitForSelector('#print:enabled');
    assert.equal(await page.inputValue('#weight'), '1.9oz');
    tells(station, { state: 'empty', words: 'empty', load: '0', weighing: null });
    await page.waitForSelector('#print:disabled');
    await page.fill('#weight', '2oz');
    await page.waitForSelector('#print:enabled');
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('text=Printed 1 letter');
    assert.equal(callsOf(station, 'print')[0].weighing, null, 'a typed weight is nobody else’s');
  }));

test('Follow takes each new load over once and leaves what is typed after it', { skip }, () =>
  onPage({ scale: () => scale() }, async (page, station) => {
    await shows(page, '0.9 oz stable');
    assert.equal(await page.inputValue('#weight'), '1oz');
    await page.check('#follow');
    await untilField(page, '#weight', (holds) => holds === '0.9oz');
    await page.fill('#weight', '3oz');
    tells(station, moving);
    tells(station, {});
    await shows(page, '0.9 oz stable');
    assert.equal(await page.inputValue('#weight'), '3oz');
    tells(station, rests(2, '1.9'));
    await untilField(page, '#weight', (holds) => holds === '1.9oz');
    await page.uncheck('#follow');
    tells(station, rests(3, '2.9'));
    await shows(page, '2.9 oz stable');
    assert.equal(await page.inputValue('#weight'), '1.9oz');
  }));

test('one by one, the piece that was taken off is printed once', { skip }, () => {
  /** @type {import('../src/generated/api').ScaleView} */
  let now = scale({ load: '10 oz', weighing: null });
  const answers = {
    scale: () => now,
    'use-scale': () => (now = scale({ ...now, take_off: true })),
  };
  return onPage(answers, async (page, station) => {
    await shows(page, '10 oz stable');
    await page.check('#follow');
    await page.check('#one-by-one');
    await until(page, () => callsOf(station, 'use-scale').length === 1);
    assert.deepEqual(callsOf(station, 'use-scale')[0].act, { kind: 'take-off' });
    tells(station, { take_off: true, load: '9.1 oz', weighing: weighing(2, '0.9') });
    await shows(page, '0.9 oz taken off');
    await fillPiece(page);
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('text=Printed 1 letter');
    tells(station, { take_off: true, load: '9.1 oz', weighing: weighing(2, '0.9', true) });
    await page.fill('#address', ADDRESS);
    await page.waitForSelector('#load-changed >> text=Take the next one off');
    await page.waitForSelector('#print:disabled');
    tells(station, { take_off: true, load: '8.2 oz', weighing: weighing(3, '0.9') });
    await page.waitForSelector('#print:enabled');
    await page.keyboard.press('Control+Enter');
    await until(page, () => callsOf(station, 'print').length === 2);
    assert.deepEqual(callsOf(station, 'print').map((print) => print.weighing), [2, 3]);
  });
});

test('a scale that does not weigh says why in one sentence, and F11 changes nothing', { skip }, () => {
  const no = refusal('scale_overload', 'More lies on the scale than it can weigh. Nothing was debited.', 'Take it off at once.');
  const view = scale({ state: 'overload', words: 'overload', load: null, weighing: null, fault: no });
  return onPage({ scale: () => view, weigh: { no } }, async (page, station) => {
    await fillPiece(page);
    await shows(page, 'overload');
    assert.match(await page.getAttribute('#scale', 'title'), /More lies on the scale/);
    await page.keyboard.press('F11');
    await page.waitForSelector('[role=alert] >> text=Take it off at once.');
    assert.equal(await page.inputValue('#weight'), '1oz');
    assert.deepEqual(callsOf(station, 'weigh'), [{ call: 'weigh', seconds: 3 }]);
    await assertAccessible(page, 'a scale that does not weigh');
  });
});

test('why a moving load was not taken over stays to be read until it rests', { skip }, () => {
  const no = refusal('scale_moving', 'The load on the scale does not come to rest. Nothing was debited.', 'Keep the scale still.');
  const view = scale(moving);
  return onPage({ scale: () => view, weigh: { no } }, async (page, station) => {
    await fillPiece(page);
    await page.keyboard.press('F11');
    await page.waitForSelector('[role=alert] >> text=Keep the scale still.');
    tells(station, { ...moving, load: '0.6 oz' });
    await shows(page, '0.6 oz moving');
    assert.equal(await page.locator('[role=alert] >> text=Keep the scale still.').count(), 1);
    tells(station, {});
    await shows(page, '0.9 oz stable');
    assert.equal(await page.locator('text=Keep the scale still.').count(), 0);
  });
});

test('a refused print by the scale keeps the piece', { skip }, () => {
  const no = refusal('load_changed', 'The load on the scale is another than the one that was priced. Nothing was debited.', 'Put the piece back.');
  return onPage({ scale: () => scale(), print: { no } }, async (page) => {
    await fillPiece(page);
    await page.keyboard.press('F11');
    await page.waitForSelector('#take >> text=Taken');
    await page.waitForSelector('#print:enabled');
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('text=Put the piece back.');
    assert.equal(await page.inputValue('#address'), ADDRESS);
  });
});

test('a tare is shown with its weight and taken away again', { skip }, () => {
  /** @type {import('../src/generated/api').ScaleView} */
  let now = scale();
  const answers = {
    scale: () => now,
    'use-scale': ({ act }) => (now = scale(act.kind === 'tare' ? { tare: '0.9 oz', state: 'empty', words: 'empty', load: '0', weighing: null } : {})),
  };
  return onPage(answers, async (page, station) => {
    await page.click('#tare');
    await page.waitForSelector('#untare >> text=Tare 0.9 oz');
    await shows(page, '0 empty');
    await page.click('#untare');
    await page.waitForSelector('#tare');
    assert.deepEqual(callsOf(station, 'use-scale').map(({ act }) => act.kind), ['tare', 'untare']);
  });
});

test('the practice scale is marked and takes loads by hand', { skip }, () => {
  const practice = () => scale({ practice: true, title: 'Practice scale' });
  return onPage({ scale: practice, 'use-scale': practice }, async (page, station) => {
    await page.waitForSelector('.scale >> text=PRACTICE');
    await fillPiece(page);
    await page.fill('#practice-load', '2lb3oz');
    await page.keyboard.press('Enter');
    await until(page, () => callsOf(station, 'use-scale').length === 1);
    await page.fill('#practice-load', '');
    await page.click('#practice-put');
    await until(page, () => callsOf(station, 'use-scale').length === 2);
    assert.deepEqual(callsOf(station, 'print'), [], 'Enter puts the load on and prints nothing');
    assert.deepEqual(callsOf(station, 'use-scale').map(({ act }) => act), [
      { kind: 'practice', load: '2lb3oz', shaken: false },
      { kind: 'practice', load: '0oz', shaken: false },
    ]);
  });
});

test('a scale is looked for and chosen in Setup, a serial one with its language', { skip }, () => {
  const usb = { kind: 'usb', vendor: 0x0922, product: 0x8003, serial: '0070' };
  const line = { kind: 'serial', path: '/dev/ttyUSB0', language: 'nci', baud: 9600, frame: '8n1' };
  const scales = [
    { title: 'DYMO M10', setup: usb, used: false },
    { title: 'Serial port /dev/ttyUSB0', setup: line, used: false },
  ];
  return onPage({ 'find-scales': /** @type {any} */ ({ scales }) }, async (page, station) => {
    await page.click('nav >> text=Setup');
    await page.waitForSelector('text=No scale. Weights are typed.');
    await page.click('#look-for-scales');
    await page.selectOption('#s-language', 'mt-sics');
    await page.selectOption('#s-frame', '7e1');
    await assertAccessible(page, 'scales to choose among');
    await page.click('tr:has-text("ttyUSB0") >> text=Use');
    await page.waitForSelector('#scale-title ~ p >> text=stable');
    await page.click('#no-scale');
    await page.waitForSelector('text=No scale. Weights are typed.');
    await page.click('#use-practice');
    await page.waitForSelector('text=for practice: nothing real is weighed');
    assert.deepEqual(callsOf(station, 'set-scale').map(({ setup }) => setup), [
      { ...line, language: 'mt-sics', frame: '7e1' },
      null,
      { kind: 'practice' },
    ]);
  });
});
