// Prices at the counter in the built page: services, kinds of price, presets, new editions, batches.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAccessible } from './browser.mjs';
import { options, software, status } from './fixture.mjs';
import { callsOf, fillPiece, onPage, skip, until, untilField } from './on-page.mjs';

const WRIT = {
  name: 'Writ', favourite: true, class: 'first-class', shape: 'flat', weight: '3oz', size: null, nonmachinable: false,
  price: null, extras: ['certified'], to: null, advance_days: 1, cost_centre: null,
};
const dayLater = (day, days) => new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

test('a preset is chosen with F5 and fills the counter', { skip }, () =>
  onPage({ presets: { presets: [WRIT, { ...WRIT, name: 'Postcard', favourite: false, shape: 'postcard', weight: null, extras: [], advance_days: 0 }] } }, async (page, station) => {
    await fillPiece(page);
    await page.keyboard.press('F5');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'preset');
    await page.keyboard.press('ArrowDown');
    await untilField(page, '#weight', (weight) => weight === '3oz');
    assert.equal(await page.inputValue('#date'), dayLater(status().today, 1));
    await page.waitForSelector('text=Extra services, 1 chosen');
    // Prices are asked for after a rest of the hand.
    await page.waitForTimeout(300);
    const [quote] = callsOf(station, 'options').slice(-1);
    assert.deepEqual([quote.extras, quote.weight, quote.date], [['certified'], '3oz', dayLater(status().today, 1)]);
    assert.equal(await page.inputValue('#preset'), 'Writ');
    await assertAccessible(page);
    await page.fill('#weight', '2oz');
    assert.equal(await page.inputValue('#preset'), '', 'what was changed is no preset any more');
  }));

test('what is on the counter is kept as a preset and removed in Setup', { skip }, () =>
  onPage({ presets: { presets: [WRIT] } }, async (page, station) => {
    await fillPiece(page);
    await page.click('#keep');
    await page.fill('#preset-name', 'Morning post');
    await assertAccessible(page);
    await page.click('#keep-go');
    await page.waitForSelector('dialog', { state: 'detached' });
    const [{ preset }] = callsOf(station, 'put-preset');
    assert.deepEqual([preset.name, preset.class, preset.shape, preset.weight, preset.advance_days], ['Morning post', 'first-class', 'letter', '1oz', 0]);
    await page.click('nav >> text=Setup');
    await page.click('[aria-label="Remove Writ"]');
    assert.equal(callsOf(station, 'remove-preset')[0].name, 'Writ');
  }));

const COMING = { id: 'us-2027-01-17', effective: '2027-01-17', sample: false };
const REHEARSAL = {
  edition: COMING,
  against: { id: 'us-2026-07-12', effective: '2026-07-12', sample: true },
  presets: [
    { name: 'Media', favourite: false, what: 'media parcel, 2lb', before_mills: 5500, after_mills: null, change_mills: null, reason: 'edition us-2027-01-17 has no price in the cell "media parcel retail 2 lb"' },
    { name: 'Writ', favourite: true, what: 'first-class flat, 3oz, certified', before_mills: 7790, after_mills: 7310, change_mills: -480, reason: null },
    { name: 'Letter', favourite: false, what: 'first-class letter, 1oz', before_mills: 780, after_mills: 820, change_mills: 40, reason: null },
    { name: 'Postcard', favourite: false, what: 'first-class postcard, 1oz', before_mills: 650, after_mills: 650, change_mills: 0, reason: null },
  ],
  batches: [{ name: 'Friday.csv', open: 180, dated_before: 60, dated_after: 20, changed: 99, before_mills: 140_400, after_mills: 144_360, change_mills: 3960, no_longer: 1, not_priced: 0, reason: 'line 12: edition us-2027-01-17 has no price in the cell "media parcel retail 2 lb"' }],
};

test('new prices on their way show what changes, the biggest change first', { skip }, () =>
  onPage({ status: status({ coming: [COMING] }), rehearse: REHEARSAL }, async (page, station) => {
    await page.waitForSelector('text=from 2027-01-17');
    await page.click('#rehearse');
    await page.waitForSelector('dialog >> text=Friday.csv');
    const changes = await page.locator('dialog tbody td:last-child').allTextContents();
    assert.deepEqual(changes.map((text) => text.trim()), ['–', '−$0.48', '+$0.04', 'no change', '+$3.96']);
    await page.waitForSelector('text=60 dated before, 20 after');
    await assertAccessible(page);
    await page.keyboard.press('Escape');
    await page.click('nav >> text=Setup');
    await page.click('section[aria-labelledby=rates-title] >> text=What changes');
    await page.waitForSelector('dialog >> text=Writ');
    assert.deepEqual(callsOf(station, 'rehearse').map(({ edition }) => edition), [null, 'us-2027-01-17']);
  }));

const EXCLUDED = (way, why) => () => {
  const all = options().options;
  const out = all.find(({ class: cls, shape }) => `${cls}/${shape}` === way);
  return { options: [...all.filter((one) => one !== out), { ...out, quote: null, excluded: why, code: 'overweight' }] };
};

test('a preset whose way does not take the piece becomes no other: Print is off and says why', { skip }, () =>
  onPage({ presets: { presets: [WRIT] } }, async (page, station) => {
    await fillPiece(page);
    station.answers.options = EXCLUDED('first-class/flat', 'A large envelope weighs at most 13 oz');
    await page.keyboard.press('F5');
    await page.keyboard.press('ArrowDown');
    await page.waitForSelector('#barred >> text=A large envelope weighs at most 13 oz. Choose another service (F4), or change the piece.');
    assert.equal(await page.isEnabled('#print'), false);
    assert.equal(await page.inputValue('input[name="service"]:checked'), 'first-class/flat');
    assert.equal(await page.inputValue('#preset'), 'Writ');
    await assertAccessible(page, 'a preset that is not allowed');
    await page.keyboard.press('Control+Enter');
    await page.waitForTimeout(300);
    assert.equal(callsOf(station, 'print').length, 0);
    await page.keyboard.press('F4');
    await page.keyboard.press('ArrowDown');
    await page.waitForSelector('#print:enabled');
    assert.equal(await page.inputValue('input[name="service"]:checked'), 'first-class/postcard');
    assert.equal(await page.locator('#barred').count(), 0);
  }));

test('a kind of price is chosen in sight, kept with a preset, and gone with the piece', { skip }, () =>
  onPage({ presets: { presets: [{ ...WRIT, price: 'commercial' }] } }, async (page, station) => {
    await fillPiece(page);
    assert.equal(await page.textContent('#kind >> option:checked'), 'Usual prices');
    await page.keyboard.press('F5');
    await page.keyboard.press('ArrowDown');
    await untilField(page, '#kind', (kind) => kind === 'commercial');
    // What is no preset any more keeps its kind of price, and shows it.
    await page.fill('#weight', '2oz');
    assert.equal(await page.inputValue('#preset'), '');
    assert.equal(await page.inputValue('#kind'), 'commercial');
    await until(page, () => callsOf(station, 'options').at(-1).weight === '2oz');
    assert.equal(callsOf(station, 'options').at(-1).price, 'commercial');
    await page.keyboard.press('F4');
    await page.keyboard.press('Shift+Tab');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'kind');
    await page.selectOption('#kind', 'retail');
    await until(page, () => callsOf(station, 'options').at(-1).price === 'retail');
    await page.waitForSelector('#print:enabled');
    await assertAccessible(page, 'a kind of price');
    await page.click('#keep');
    await page.waitForSelector('dialog >> text=retail prices');
    await page.fill('#preset-name', 'Over the counter');
    await page.click('#keep-go');
    await page.waitForSelector('dialog', { state: 'detached' });
    assert.equal(callsOf(station, 'put-preset')[0].preset.price, 'retail');
    await page.waitForSelector('#print:enabled');
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('text=Printed 1 letter');
    assert.equal(callsOf(station, 'print')[0].quote.price, 'retail');
    assert.equal(await page.inputValue('#kind'), '', 'the next piece has the usual price');
    await page.click('nav >> text=Setup');
    await page.waitForSelector('td >> text=First-Class large envelope · 3oz · commercial prices · certified');
  }));

test('a preset for another country is kept with its country, so that it is rehearsed', { skip }, () => {
  const place = { lines: [], city: 'Germany', state: null, zip: null, country: 'DE', known: true, notes: [] };
  return onPage({ place }, async (page, station) => {
    await fillPiece(page);
    await page.click('#keep');
    await page.fill('#preset-name', 'Abroad');
    await page.click('#keep-go');
    await page.waitForSelector('dialog', { state: 'detached' });
    assert.equal(callsOf(station, 'put-preset')[0].preset.to, 'DE');
  });
});

test('nothing prints until the price on the screen is that of the piece', { skip }, () => {
  let hold = Promise.resolve();
  const answers = { options: () => hold.then(() => options()) };
  return onPage(answers, async (page, station) => {
    await fillPiece(page);
    let go = () => undefined;
    hold = new Promise((wake) => (go = wake));
    await page.fill('#weight', '9oz');
    await until(page, () => callsOf(station, 'options').some(({ weight }) => weight === '9oz'));
    await page.waitForTimeout(300);
    await page.keyboard.press('Control+Enter');
    await page.waitForTimeout(200);
    assert.equal(callsOf(station, 'print').length, 0, 'the price of the lighter piece was on the screen');
    go();
    await page.waitForSelector('#print:enabled');
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('text=Printed 1 letter');
    assert.equal(callsOf(station, 'print')[0].quote.weight, '9oz');
  });
});

test('nothing prints while a new address is not found yet', { skip }, () => {
  let hold = Promise.resolve();
  const zipOf = (text) => (text.includes('10001') ? '10001' : '83702');
  const answers = {
    place: async ({ text }) => {
      await hold;
      return { lines: [], city: null, state: null, zip: zipOf(text), country: null, known: true, notes: [] };
    },
  };
  return onPage(answers, async (page, station) => {
    await fillPiece(page);
    let go = () => undefined;
    hold = new Promise((wake) => (go = wake));
    await page.fill('#address', 'Addressee\n350 Fifth Ave\nNew York NY 10001');
    await until(page, () => callsOf(station, 'place').some(({ text }) => text.includes('10001')));
    await page.waitForTimeout(300);
    await page.keyboard.press('Control+Enter');
    await page.waitForTimeout(200);
    assert.equal(callsOf(station, 'print').length, 0, 'the old ZIP was priced');
    go();
    await page.waitForSelector('#print:enabled');
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('text=Printed 1 letter');
    assert.equal(callsOf(station, 'print')[0].quote.to, '10001');
  });
});

test('what a clerk should know of a price comes first, and all of it can be read by keyboard', { skip }, () =>
  onPage({}, async (page) => {
    await fillPiece(page);
    await page.check('input[value="ground-advantage/parcel"]');
    const region = page.locator('[aria-label="How the price comes about"]');
    await region.getByText('The zone is estimated by distance.').waitFor();
    assert.match(await region.innerText(), /^The zone is estimated by distance\./);
    await region.focus();
    await page.keyboard.press('End');
    await page.waitForFunction(() => {
      const box = document.querySelector('[aria-label="How the price comes about"]');
      return box.scrollTop + box.clientHeight >= box.scrollHeight - 1;
    });
    await assertAccessible(page, 'a long price');
  }));

test('extra services stay open while they are ticked and unticked', { skip }, () =>
  onPage({}, async (page) => {
    await fillPiece(page);
    await page.click('summary >> text=Extra services');
    await page.focus('input[value="certified"]');
    await page.keyboard.press('Space');
    await page.waitForSelector('text=Extra services, 1 chosen');
    await page.keyboard.press('Space');
    await page.waitForSelector('summary >> text=/^Extra services$/');
    assert.equal(await page.isVisible('input[value="certified"]'), true);
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('value')), 'certified');
  }));

const notTaken = (everything) => {
  const stopped = { everything, since: 1_795_000_000, code: 'repository_expired', message: 'The repository has expired.', hint: 'Ring your admin.' };
  const repository = { timestamp: 4, refreshed: 1_794_400_000, expires: 1_795_000_000, stopped };
  return { status: status({ repository }), software: software({ state: 'current', release: null, waits: null }) };
};

test('a version is called the newest only as of the day until which the repository was believed', { skip }, () =>
  onPage(notTaken(true), async (page) => {
    await page.click('nav >> text=Setup');
    await page.waitForSelector('#software-comes.caution >> text=/As of Nov 1[12], 2026 this was the newest version/');
  }));

test('one thing that was not taken does not make the version an old one', { skip }, () =>
  onPage(notTaken(false), async (page) => {
    await page.click('nav >> text=Setup');
    await page.waitForSelector('text=Not all that is published is here since');
    await page.waitForSelector('#software-comes.proof >> text=This is the newest version for this station.');
  }));

test('hours that were set are not put back by an answer from before', { skip }, () => {
  let late = null;
  let asked = 0;
  const answers = {
    software: () => ((asked += 1), late === null ? software() : late),
  };
  return onPage(answers, async (page, station) => {
    await page.click('nav >> text=Setup');
    await page.waitForSelector('#sw-go');
    let go = () => undefined;
    late = new Promise((wake) => (go = () => wake(software())));
    const before = asked;
    station.tell({ event: 'status' });
    await until(page, () => asked > before);
    await page.fill('#sw-hours', 'never');
    await page.click('#sw-go');
    await page.waitForSelector('#sw-go:disabled');
    go();
    await page.waitForTimeout(300);
    assert.equal(await page.inputValue('#sw-hours'), 'never');
  });
});

test('a batch waits, says what is not printed, and is opened again', { skip }, () =>
  onPage({ 'waiting-batches': { batches: [{ name: 'Monday.csv', since: 1_795_000_000, rows: 20, open: 12 }] } }, async (page, station) => {
    await page.click('nav >> text=Batch');
    await page.waitForSelector('text=12 of 20 rows not printed');
    assert.equal(await page.isDisabled('#batch-keep'), true);
    await page.click('text=Monday.csv');
    await untilField(page, '#csv', (rows) => rows.startsWith('name,address'));
    await page.fill('#csv', 'name,address,city,state,zip,class,shape,weight\nA,1 Main St,Boise,ID,83702,first-class,letter,1oz');
    await page.click('#batch-keep');
    await page.waitForSelector('text=3 of 3 rows not printed');
    assert.equal(callsOf(station, 'put-batch')[0].name, 'Monday.csv');
    await assertAccessible(page);
  }));

test('after midnight a piece that was to go today goes today still', { skip }, () => {
  let today = status().today;
  return onPage({ status: () => status({ today }) }, async (page, station) => {
    await fillPiece(page);
    const first = await page.inputValue('#date');
    today = dayLater(today, 1);
    station.tell({ event: 'status' });
    await untilField(page, '#date', (day) => day === today);
    assert.equal(first, dayLater(today, -1));
  });
});

const waits = (name) => ({ name, since: 1_795_000_000, rows: 20, open: 12 });
const ROWS = 'name,address,city,state,zip,class,shape,weight\nA,1 Main St,Boise,ID,83702,first-class,letter,1oz';

test('a batch that waits gives way to no other of its name', { skip }, () => {
  let waiting = [waits('Batch')];
  const answers = {
    'waiting-batches': () => ({ batches: waiting }),
    'put-batch': ({ name }) => ({ batches: (waiting = [...waiting.filter((one) => one.name !== name), waits(name)]) }),
  };
  return onPage(answers, async (page, station) => {
    await page.click('nav >> text=Batch');
    await page.fill('#csv', ROWS);
    await page.click('#batch-keep');
    await page.waitForSelector('.waiting >> text="Batch 2"');
    await page.fill('#csv', `${ROWS}\nB,2 Main St,Boise,ID,83702,first-class,letter,1oz`);
    await page.click('#batch-keep');
    await page.waitForTimeout(200);
    assert.deepEqual(callsOf(station, 'put-batch').map(({ name }) => name), ['Batch 2', 'Batch 2'], 'kept again it is the same batch');
    const file = { name: `${'x'.repeat(39)}📬.csv`, mimeType: 'text/csv', buffer: Buffer.from(ROWS) };
    await page.setInputFiles('#csv-file', file);
    await page.waitForSelector(`label >> text=${file.name}`);
    await page.click('#batch-keep');
    await page.waitForSelector(`.waiting >> text=${'x'.repeat(39)}📬`);
    assert.equal(callsOf(station, 'put-batch').at(-1).name, `${'x'.repeat(39)}📬`);
  });
});

test('rows that nobody kept come back after others took their place', { skip }, () =>
  onPage({ 'waiting-batches': { batches: [waits('Monday.csv')] } }, async (page) => {
    await page.click('nav >> text=Batch');
    await page.fill('#csv', ROWS);
    await page.click('text=Monday.csv');
    await untilField(page, '#csv', (rows) => rows !== ROWS);
    await page.waitForSelector('#batch-back');
    await assertAccessible(page, 'rows that gave way');
    await page.click('#batch-back');
    await untilField(page, '#csv', (rows) => rows === ROWS);
    assert.equal(await page.locator('#batch-back').count(), 0);
  }));

test('a batch that waits is removed at the second press only', { skip }, () =>
  onPage({ 'waiting-batches': { batches: [waits('Monday.csv')] } }, async (page, station) => {
    await page.click('nav >> text=Batch');
    await page.click('[aria-label="Remove Monday.csv"]');
    await page.waitForSelector('[aria-label="Really remove Monday.csv"]');
    assert.equal(callsOf(station, 'remove-batch').length, 0);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.waiting >> text=Monday.csv', { state: 'detached' });
    assert.equal(callsOf(station, 'remove-batch').length, 1);
  }));
