// The telephone line in the built page: the call with its meter, calling, the modem.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAccessible } from './browser.mjs';
import { finding, findings, line, refusal, seconds, status } from './fixture.mjs';
import { callsOf, onPage, skip, until } from './on-page.mjs';

const NUMBER = '9,2085550142';
const inCall = (changes = {}) =>
  status({
    line: {
      kind: 'dialup', up: true, reason: null,
      call: { stage: 'up', number: NUMBER, since: seconds() - 65, seconds: 65, cost_mills: 210, ...changes },
    },
  });

async function f10(page) {
  await page.waitForSelector('#balance');
  await page.keyboard.press('F10');
  await page.waitForSelector('#contact-go:focus');
}

test('a call shows how long it lasts and what it costs, at the counter and under F10', { skip }, () =>
  onPage({ status: () => inCall() }, async (page) => {
    await page.waitForSelector('aside >> text=Modem');
    const meter = page.locator('aside [role=timer]');
    const first = await meter.textContent();
    assert.match(first, /^1:0\d · \$0\.21$/);
    await page.waitForFunction((before) => document.querySelector('aside [role=timer]').textContent !== before, first);
    await f10(page);
    assert.match((await page.textContent('#line-words')).trim(), /^In a call with the data center since \d\d:\d\d\.$/);
    await page.waitForSelector(`dialog >> text="${NUMBER}"`);
    await page.waitForSelector('dialog [role=timer] >> text=$0.21');
    assert.equal(await page.locator('#call-go').count(), 0, 'nobody dials twice');
    await assertAccessible(page, 'a call');
  }));

test('Call now dials, shows each stage, and says a failure in one sentence', { skip }, () => {
  let stage = null;
  let finish;
  const busy = refusal('number_busy', 'The number is busy. No money moved.', 'Try again later. The prefix for an outside line may be missing.', 'unreachable');
  const answers = {
    status: () => (stage === null ? status() : inCall({ stage, since: null, seconds: 0, cost_mills: 0 })),
    contact: () => new Promise((answer) => (finish = () => answer({ no: busy }))),
  };
  return onPage(answers, async (page, station) => {
    await f10(page);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await until(page, () => callsOf(station, 'contact').length === 1);
    assert.equal(callsOf(station, 'contact')[0].line, 'dialup');
    stage = 'dialing';
    await page.waitForSelector(`dialog >> text=Dialing ${NUMBER}`);
    stage = 'connecting';
    await page.waitForSelector(`dialog >> text=${NUMBER} has answered`);
    stage = null;
    finish();
    await page.waitForSelector('dialog >> text=The number is busy. No money moved.');
    await assertAccessible(page, 'a busy number');
    await page.waitForSelector('#call-go:enabled');
  });
});

test('a telephone that rests says until when, and Call now insists', { skip }, () =>
  onPage({ line: () => line({ rests_until: seconds() + 1800 }) }, async (page, station) => {
    await f10(page);
    await page.waitForSelector('dialog >> text=/The telephone rests until .*Call now insists/');
    await page.click('#call-go');
    await until(page, () => callsOf(station, 'contact').length === 1);
    assert.equal(callsOf(station, 'contact')[0].line, 'dialup');
  }));

test('a modem is found, set up, and only what was changed is said', { skip }, () => {
  let setup = line({ ready: false, device: null, number: null, prefix: null, per_call_mills: 0, per_minute_mills: 0 });
  const answers = {
    line: () => setup,
    'set-line': () => (setup = line({ night: '02:30' })),
    'find-modems': { ports: [
      { device: '/dev/ttyS0', what: 'serial port', state: 'silent', said: null, profile: null },
      { device: '/dev/ttyUSB0', what: 'USB serial', state: 'modem', said: 'CX93010', profile: 'conexant' },
    ] },
  };
  return onPage(answers, async (page, station) => {
    await page.click('nav >> text=Setup');
    await page.waitForSelector('text=Without one the station waits for the Internet.');
    await page.click('#l-open');
    await page.click('#l-find');
    await page.click('[aria-label="Use /dev/ttyUSB0"]');
    assert.equal(await page.inputValue('#l-device'), '/dev/ttyUSB0');
    assert.equal(await page.inputValue('#l-profile'), 'conexant');
    await page.fill('#l-number', ' 2085550142 ');
    await page.fill('#l-prefix', '9,');
    await page.fill('#l-night', '02:30');
    await page.fill('#l-minute', '0.06');
    await assertAccessible(page, 'a telephone line set up');
    await page.click('#l-go');
    await page.waitForSelector('text=/at most 10 minutes a call/');
    const [{ call: _, ...said }] = callsOf(station, 'set-line');
    assert.deepEqual(said, {
      device: '/dev/ttyUSB0', number: '2085550142', alternate: null, prefix: '9,', pulse: null, profile: 'conexant',
      apn: null, card_pin: null, dial_name: null, password: null, night: '02:30', cap_minutes: null,
      per_call: null, per_minute: '0.06',
    });
    await page.click('#l-open');
    await page.fill('#l-prefix', '');
    await page.fill('#l-cap', '5');
    await page.click('#l-go');
    await until(page, () => callsOf(station, 'set-line').length === 2);
    const [, again] = callsOf(station, 'set-line');
    assert.deepEqual([again.prefix, again.number, again.cap_minutes], ['', null, 5], 'an empty text is removed, the rest stays');
  });
});

test('a PIN that the card did not take is said, and what it wants', { skip }, () => {
  const mobile = line({ number: null, prefix: null, profile: 'mobile', apn: 'internet.example', has_card_pin: true, card_pin_not_taken: true });
  return onPage({ line: mobile, 'set-line': () => ({ ...mobile, card_pin_not_taken: false }) }, async (page, station) => {
    await page.click('nav >> text=Setup');
    await page.waitForSelector('text=The modem’s card did not take its PIN.');
    await page.click('#l-open');
    await page.fill('#l-pin', '1234');
    await page.click('#l-go');
    await page.waitForSelector('text=did not take its PIN', { state: 'detached' });
    assert.equal(callsOf(station, 'set-line')[0].card_pin, '1234');
  });
});

test('a setting that cannot be is refused beside the form, which stays open', { skip }, () =>
  onPage({ 'set-line': { no: refusal('bad_input', 'The number "x" cannot be dialed.', 'Type it as it is dialed here.') } }, async (page) => {
    await page.click('nav >> text=Setup');
    await page.click('#l-open');
    await page.fill('#l-number', 'x');
    await page.click('#l-go');
    await page.waitForSelector('text=The number "x" cannot be dialed.');
    assert.equal(await page.inputValue('#l-number'), 'x');
  }));

test('past calls are listed with what came of them, their length and their cost', { skip }, () => {
  const past = (changes) => ({ number: NUMBER, at: seconds() - 600, outcome: 'reached', fault: null, seconds: 62, cost_mills: 210, said: 'CONNECT 33600', ...changes });
  return onPage({ line: line({ calls: [past(), past({ outcome: 'failed', fault: 'number_busy', seconds: 0, cost_mills: 0, said: null })] }) }, async (page) => {
    await page.click('nav >> text=Setup');
    const rows = page.locator('[aria-label="Calls, newest first"] tbody tr');
    await rows.first().waitFor();
    const said = await rows.evaluateAll((all) => all.map((row) => [...row.querySelectorAll('td')].slice(2).map((cell) => cell.textContent.trim())));
    assert.deepEqual(said, [['reached · CONNECT 33600', '1:02', '$0.21'], ['failed, number busy', '', '']]);
    await assertAccessible(page, 'past calls');
  });
});

test('Hang up ends the call at once, and nothing at the counter moves while it comes and goes', { skip }, () => {
  let view = status();
  return onPage({ status: () => view, 'hang-up': () => (view = status()) }, async (page, station) => {
    await page.waitForSelector('#balance');
    const services = () => page.locator('aside h2 >> text=Services').boundingBox();
    const before = await services();
    view = inCall();
    station.tell({ event: 'status' });
    await page.waitForSelector('aside [role=timer]');
    assert.deepEqual(await services(), before);
    await page.keyboard.press('F10');
    await page.click('#hang-up');
    await page.waitForSelector('#call-go');
    assert.equal(callsOf(station, 'hang-up').length, 1);
    assert.equal(await page.locator('[role=timer]').count(), 0);
    assert.deepEqual(await services(), before);
  });
});

test('what is kept for access servers of others can be forgotten', { skip }, () => {
  let setup = line({ dial_name: 'boise', has_password: true });
  return onPage({ line: () => setup, 'set-line': () => (setup = line({ dial_name: 'boise' })) }, async (page, station) => {
    await page.click('nav >> text=Setup');
    await page.click('#l-open');
    await page.click('#l-forget');
    await page.waitForSelector('#l-forget', { state: 'detached' });
    const [{ password, card_pin: pin, dial_name: name }] = callsOf(station, 'set-line');
    assert.deepEqual([password, pin, name], ['', '', null]);
  });
});

test('the connection doctor says what is wrong and what helps, step by step', { skip }, () => {
  const blocked = finding('port', 'Nobody answers on port 7443 of postage.example.', {
    outcome: 'fault', code: 'doctor_port_silent', ms: 5000, hint: 'A firewall may block the port: ask your network’s admin to allow outgoing connections to it.',
  });
  let found = [...findings().slice(0, 1), blocked];
  return onPage({ doctor: () => ({ findings: found, leads: !found.includes(blocked) }) }, async (page, station) => {
    await f10(page);
    await page.click('#doctor');
    await page.waitForSelector('#found.stop >> text=The Internet does not lead to the data center.');
    await page.waitForSelector('dialog li >> text=A firewall may block the port');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'doctor-go');
    await assertAccessible(page, 'the connection doctor');
    found = findings();
    await page.keyboard.press('Enter');
    await page.waitForSelector('#found.proof >> text=The way to the data center is open.');
    assert.equal(await page.locator('dialog ol > li').count(), 6);
    const modem = finding('modem', 'A modem answers on /dev/ttyUSB0: OK.');
    const busy = finding('call', 'The number is busy. No money moved.', { outcome: 'fault', hint: 'The prefix for an outside line may be missing.' });
    found = [...findings(), modem, busy];
    await page.waitForSelector('dialog >> text=at $0.09 for the call and $0.06 for each minute');
    await page.click('#doctor-call');
    await page.waitForSelector('#found.caution >> text=The Internet leads to the data center; the telephone does not.');
    await assertAccessible(page, 'a trial call');
    assert.deepEqual(callsOf(station, 'doctor').map(({ server, trial }) => [server, trial]), [[null, false], [null, false], [null, true]]);
    await page.keyboard.press('Escape');
    await page.waitForSelector('#found', { state: 'detached' });
    assert.equal(await page.evaluate(() => document.activeElement.id), 'doctor', 'Esc steps back to where it was opened');
    assert.equal(await page.locator('dialog').count(), 1);
  });
});

test('a station without the Internet is enrolled by a modem whose card asks for its PIN', { skip }, () => {
  let setup = line({ ready: false, device: null, number: null, prefix: null, per_call_mills: 0, per_minute_mills: 0 });
  const answers = {
    status: status({ enrolled: false }),
    line: () => setup,
    'set-line': () => (setup = line({ number: null, prefix: null, profile: 'mobile', apn: 'internet.example' })),
  };
  return onPage(answers, async (page, station) => {
    await page.click('#by-modem');
    await page.click('#l-open');
    await page.fill('#l-device', '/dev/ttyUSB0');
    await page.click('text=Mobile modems, and access servers of others');
    await page.fill('#l-apn', 'internet.example');
    await page.fill('#l-pin', '1234');
    await assertAccessible(page, 'a modem before enrolment');
    await page.click('#l-go');
    await page.waitForSelector('text=go with the enrolment');
    const [asked] = callsOf(station, 'set-line');
    assert.deepEqual([asked.apn, asked.card_pin, asked.password], ['internet.example', null, null], 'nothing can be sealed yet');
    await page.fill('#server', 'https://postage.example:7443');
    await page.fill('#code', 'XXXXXXXX'.repeat(7));
    await page.click('#enrol-go');
    await until(page, () => callsOf(station, 'enrol').length === 1);
    const [enrolled] = callsOf(station, 'enrol');
    assert.deepEqual([enrolled.card_pin, enrolled.password], ['1234', null]);
  });
});

test('an enrolment that reaches nobody offers to examine the line it would take', { skip }, () => {
  const away = refusal('unreachable', 'The data center was not reached. Nothing was done.', 'Check the address.', 'unreachable');
  const unknown = finding('name', 'Nobody knows the name postage.exmaple.', { outcome: 'fault', hint: 'Check the address of the data center.' });
  return onPage({ status: status({ enrolled: false }), enrol: { no: away }, doctor: { findings: [unknown], leads: false } }, async (page, station) => {
    await page.fill('#server', 'https://postage.exmaple:7443');
    await page.fill('#code', 'XXXXXXXX'.repeat(7));
    await page.click('#enrol-go');
    await page.click('#doctor');
    await page.waitForSelector('dialog li >> text=Nobody knows the name');
    assert.deepEqual(callsOf(station, 'doctor').map(({ server, trial }) => [server, trial]), [['https://postage.exmaple:7443', false]]);
    assert.equal(await page.locator('#doctor-call').count(), 0, 'no line is set before enrolment');
    await assertAccessible(page, 'a doctor before enrolment');
    await page.keyboard.press('Escape');
    assert.equal(await page.inputValue('#server'), 'https://postage.exmaple:7443');
  });
});
