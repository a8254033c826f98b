// A station that never was: it answers the page's calls from a table, so that every state of every
// screen can be looked at. It lives with the tests and never reaches the product's bundle.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { page } from './page.mjs';

/** @import { Answers, CallName } from '../src/backend' */
/** @import { ErrorKind, FindingView, LineSetupView, OptionsView, PieceView, PrinterSetup, ScaleView, ServiceView, SoftwareView, StatisticsView, StatusView, UiError } from '../src/generated/api' */
/**
 * What a call is answered with: a value, a no, a promise of either, or a function of the call.
 * @template T
 * @typedef {T | { no: UiError } | Promise<T | { no: UiError }>} Told
 */
/** @typedef {{ [N in CallName]?: Told<Answers[N]> | ((call: any) => Told<Answers[N]>) }} Given */

const DAY = 86_400;
const label = readFileSync(new URL('./label.png', import.meta.url)).toString('base64');

/** Today by this computer's calendar. */
export const isoDay = () => new Date().toLocaleDateString('sv-SE');

export const seconds = () => Math.floor(Date.now() / 1000);

/** @param {ErrorKind} kind @returns {UiError} */
export function refusal(code, message, hint, kind = 'refused') {
  return { code, message, hint, retry: false, kind };
}

/** @returns {ServiceView} */
const service = (id, outcome, level, ms, reason = null) => ({ service: id, outcome, level, ms, reason });

/** @param {Partial<StatusView>} changes @returns {StatusView} */
export function status(changes = {}) {
  return {
    enrolled: true,
    station: 'ZZ01-0000-0000-0042-7',
    registers: { ascending: 450_780, descending: 49_220, control_total: 500_000, piece_count: 312 },
    state: 'active',
    state_reason: null,
    regime: 'specimen',
    edition: { id: 'us-2026-07-12', effective: '2026-07-12', sample: true },
    coming: [],
    today: isoDay(),
    last_receipt: seconds() - DAY,
    warn_at: seconds() + 13 * DAY + 3600,
    lock_at: seconds() + 27 * DAY + 3600,
    account: { name: 'Boise Main Office', available_mills: 950_000 },
    certificate: null,
    keys: [
      { purpose: 'indicia', since: seconds() - 3 * DAY, until: seconds() + 55 * DAY, next: seconds() + 6 * DAY },
      { purpose: 'station', since: seconds() - 3 * DAY, until: seconds() + 27 * DAY, next: seconds() + 17 * DAY },
      { purpose: 'store', since: seconds() - 3 * DAY, until: null, next: seconds() + 362 * DAY },
    ],
    line: { kind: 'internet', up: true, reason: null, call: null },
    services: [
      service('funds', 'served', 'L3', 41),
      service('keys', 'nothing', 'L3', 12),
      service('rates', 'nothing', 'L0', 9),
    ],
    secrets: 'this computer’s keyring',
    support_contact: '+1 208 555 0142',
    has_users: false,
    unknown_pieces: 0,
    automatic_refill: null,
    withdrawal: null,
    repository: null,
    ...changes,
  };
}

const quote = (price, steps, more = {}) => ({
  price_mills: price,
  edition: 'us-2026-07-12',
  zone: null,
  group: null,
  estimated: false,
  steps: steps.map(([rule, amount]) => ({ rule, amount_mills: amount, cell: 'FCM/letter/metered/1oz', source: 'USPS Notice 123, 12 July 2026' })),
  notes: [],
  ...more,
});

const EXTRAS = [
  { name: 'certified', title: 'Certified Mail', amount_mills: 5550, needs: [], excludes: [] },
  { name: 'return-receipt', title: 'Return receipt, paper', amount_mills: 4650, needs: ['certified'], excludes: [] },
];

/** @returns {OptionsView} */
export function options() {
  const option = (cls, shape, title, price, excluded = null, code = null) => ({ class: cls, shape, title, quote: price, excluded, code, extras: shape === 'letter' ? EXTRAS : [] });
  return {
    options: [
      option('first-class', 'postcard', 'First-Class postcard', quote(640, [['Postcard, metered', 640]])),
      option('first-class', 'letter', 'First-Class letter', quote(780, [['Letter, metered, up to 1 oz', 780]])),
      option('first-class', 'flat', 'First-Class large envelope', quote(1690, [['Large envelope, up to 1 oz', 1690]])),
      option('ground-advantage', 'parcel', 'Ground Advantage', quote(6940, [['Zone 4, up to 4 oz', 6640], ['Surcharge 1 Oct to 17 Jan', 300]], { zone: 4, estimated: true, notes: ['The zone is estimated by distance.'] })),
      option('priority', 'flat-rate:padded-envelope', 'Priority Mail Flat Rate padded envelope', quote(11_990, [['Padded envelope', 11_990]])),
      option('media', 'parcel', 'Media Mail parcel', null, 'Edition us-2026-07-12 has no price in the cell "media parcel retail 1 lb"', 'missing_cell'),
      option('international', 'letter', 'International letter', null, 'An International letter goes abroad only, and 83702 is in this country', 'only_abroad'),
    ],
  };
}

let count = 313;
/** @param {Partial<PieceView>} changes @returns {PieceView} */
export function piece(changes = {}) {
  count -= 1;
  return {
    serial: `ZZ01-0000-0000-0042-7-${String(count).padStart(6, '0')}`,
    state: 'printed',
    class: 'first-class',
    shape: 'letter',
    weight_grams: 28.35,
    postage_mills: 780,
    date: '2026-11-22',
    destination: '83702',
    place: 'Boise ID',
    indicium_hex: null,
    certificate_pem: null,
    created: seconds() - (314 - count) * 60,
    message: null,
    amends: null,
    may_correct: true,
    refund: null,
    registers: null,
    ...changes,
  };
}

export const pieces = () => [
  piece(),
  piece({ place: 'Salem OR', destination: '97301' }),
  piece({ shape: 'flat', postage_mills: 1690, place: 'New York NY', destination: '10001' }),
  piece({ state: 'not-printed', place: 'Austin TX', message: 'No paper.' }),
  piece({ state: 'spoiled', place: 'Reno NV' }),
  piece({ class: 'ground-advantage', shape: 'parcel', postage_mills: 6940, place: 'Chicago IL' }),
];

/** @type {PrinterSetup} */
export const zebra = {
  name: 'Zebra ZD421',
  model: 'zebra-zd421-203',
  port: { kind: 'tcp', address: '192.168.1.40:9100' },
  dpi: 203,
  stock: 'label-4x6',
  acknowledges: true,
};

const stocks = [
  { name: 'label-4x6', title: 'label 4×6 in', prints: ['postage', 'address', 'slip'] },
  { name: 'envelope-10', title: 'envelope No. 10', prints: ['postage', 'address', 'slip'] },
  { name: 'roll-62', title: 'roll 62 mm', prints: ['postage', 'address', 'slip'] },
];

const models = [
  { name: 'esc-pos', title: 'Receipt or label printer (ESC/POS)', dpi: [203, 300], stocks: stocks.map((one) => one.name), acknowledges: true },
  { name: 'zebra-zd421-203', title: 'Zebra ZD421, 203 dpi', dpi: [203], stocks: ['label-4x6', 'roll-62'], acknowledges: true },
  { name: 'dymo-lw-450', title: 'DYMO LabelWriter 450', dpi: [300], stocks: ['roll-62'], acknowledges: false },
  { name: 'ipp', title: 'Printer of pages (IPP)', dpi: [300], stocks: stocks.map((one) => one.name), acknowledges: true },
];

/** What was printed, counted by what the call asks for. @returns {StatisticsView} */
export const printed = (call) => ({
  from: '2026-10-24',
  to: '2026-11-22',
  by: [call.by],
  total: { pieces: 312, postage_mills: 450_780, spoiled: 2, spoiled_mills: 1560 },
  groups: [],
  chart: {
    labels: ['first-class', 'ground-advantage'],
    series: [{ key: [], pieces: [300, 12], postage_mills: [367_500, 83_280] }],
  },
  holds: true,
  all_mills: 450_780,
  ascending_mills: 450_780,
  told: 640,
  records: 641,
});

/** The station's software, with a version that waits for the evening. @param {Partial<SoftwareView>} changes @returns {SoftwareView} */
export const software = (changes = {}) => ({
  version: '1.0.0',
  platform: 'linux-appimage',
  channel: 'stable',
  hours: 'Mon-Sat 07:00-20:00',
  group: null,
  state: 'waiting',
  release: '1.1.0',
  minimum: null,
  urgent: false,
  fetched_bytes: 24_600_000,
  length_bytes: 24_600_000,
  waits: 'the office is open',
  failed: [],
  last: null,
  ...changes,
});

/** The telephone line, as it is set up. @param {Partial<LineSetupView>} changes @returns {LineSetupView} */
export const line = (changes = {}) => ({
  ready: true,
  device: '/dev/ttyUSB0',
  number: '2085550142',
  alternate: null,
  prefix: '9,',
  pulse: false,
  profile: 'standard',
  profiles: [
    { name: 'standard', title: 'Any modem after V.250' },
    { name: 'conexant', title: 'Conexant and Rockwell chips, most USB modems' },
  ],
  apn: null,
  has_card_pin: false,
  card_pin_not_taken: false,
  dial_name: null,
  has_password: false,
  night: null,
  cap_minutes: 10,
  per_call_mills: 90,
  per_minute_mills: 60,
  rests_until: null,
  calls_again_at: null,
  calls: [],
  ...changes,
});

/** A scale on USB with a load at rest. @param {Partial<ScaleView>} changes @returns {ScaleView} */
export const scale = (changes = {}) => ({
  setup: { kind: 'usb', vendor: 0x0922, product: 0x8003, serial: '0070' },
  title: 'DYMO M10',
  practice: false,
  state: 'stable',
  words: 'stable',
  load: '0.9 oz',
  tare: null,
  take_off: false,
  weighing: weighing(1, '0.9'),
  fault: null,
  ...changes,
});

/** A piece that was weighed, in ounces. */
export const weighing = (number, ounces, paid = false) => ({
  number,
  weight: `${ounces}oz`,
  shown: `${ounces} oz`,
  weight_grams: Number((Number(ounces) * 28.349523125).toFixed(3)),
  paid,
});

/** A station without a scale. */
const noScale = () => scale({ setup: null, title: '', state: 'none', words: 'no scale', load: null, weighing: null });

/** @param {Partial<FindingView>} changes @returns {FindingView} */
export const finding = (check, message, changes = {}) => ({ check, outcome: 'good', code: 'doctor_good', message, hint: '', ms: null, ...changes });

/** What the connection doctor finds where all is well. */
export const findings = () => [
  finding('name', 'The name postage.example was found.', { ms: 4 }),
  finding('port', 'Port 7443 of postage.example takes connections.', { ms: 21 }),
  finding('encryption', 'The other end proved to be the data center.', { ms: 48 }),
  finding('data center', 'The data center answers.', { ms: 22 }),
  finding('clock', 'This computer’s clock agrees with the data center’s.'),
  finding('certificate', 'The station’s own certificate is good until 2026-12-20.'),
];

/** What each call answers with when a test says nothing else. @type {Given} */
const ANSWERS = {
  status: () => status(),
  enrol: () => status(),
  contact: () => ({ line: 'internet', services: status().services }),
  refill: (call) => ({
    refill: '0',
    amount_mills: Number(call.amount) * 1000,
    registers: { ascending: 450_780, descending: 99_220, control_total: 550_000, piece_count: 312 },
    services: status().services,
  }),
  options,
  place: () => ({ lines: ['Addressee', '12 N Main St Apt 4'], city: 'Boise', state: 'ID', zip: '83702', country: null, known: true, notes: [] }),
  preview: () => ({ png_base64: label, width_mm: 101.6, height_mm: 152.4, dpi: 203, quote: options().options[1].quote }),
  print: () => piece({ registers: { ascending: 451_560, descending: 48_440, control_total: 500_000, piece_count: 313 } }),
  pieces: () => ({ pieces: pieces() }),
  printers: () => ({ printers: [zebra], stocks, models }),
  'find-printers': () => ({ printers: [], not_looked: [] }),
  'add-printer': () => ({ printers: [zebra], stocks, models }),
  'remove-printer': () => ({ printers: [], stocks, models }),
  resolve: (call) => piece({ serial: call.serial, state: call.answer }),
  'send-again': (call) => piece({ serial: call.serial }),
  picture: (call) => ({ pictured: call.serial, png_base64: label, width_mm: 101.6, height_mm: 152.4 }),
  'test-printer': (call) => ({ tested: call.name, proved: true, look: 'Hold a ruler to the upper edge.' }),
  amend: (call) =>
    piece({
      amends: call.serial,
      shape: call.how.kind,
      postage_mills: call.how.kind === 'correction' ? 0 : 290,
      date: call.how.date ?? '2026-11-22',
    }),
  refund: (call) => piece({ serial: call.serial, state: 'spoiled' }),
  batch: () => ({
    rows: 3, printed: 1, already: 1, refused: 1, unknown: 0, spent_mills: 780, stopped: false,
    results: [
      { line: 2, outcome: 'printed', serial: 'ZZ01-0000-0000-0042-7-000313', postage_mills: 780, reason: null },
      { line: 3, outcome: 'already', serial: 'ZZ01-0000-0000-0042-7-000290', postage_mills: 780, reason: null },
      { line: 4, outcome: 'refused', serial: null, postage_mills: null, reason: 'ZIP 00000 is not in the reference data. Nothing was debited for this row.' },
    ],
  }),
  'stop-batch': () => status(),
  users: () => ({ users: [], idle_minutes: 10 }),
  'cost-centres': () => ({ centres: [] }),
  software: () => software(),
  line: () => line(),
  'set-line': () => line(),
  'find-modems': () => ({ ports: [] }),
  'hang-up': () => status(),
  scale: noScale,
  'find-scales': () => ({ scales: [] }),
  'set-scale': (call) => (call.setup === null ? noScale() : scale({ setup: call.setup, practice: call.setup.kind === 'practice' })),
  'use-scale': () => scale(),
  weigh: () => scale(),
  doctor: () => ({ findings: findings(), leads: true }),
  'set-software': (call) => software({ channel: call.channel, hours: call.hours }),
  presets: () => ({ presets: [] }),
  'put-preset': (call) => ({ presets: [call.preset] }),
  'remove-preset': () => ({ presets: [] }),
  'waiting-batches': () => ({ batches: [] }),
  'put-batch': (call) => ({ batches: [{ name: call.name, since: seconds(), rows: 3, open: 3 }] }),
  'batch-text': (call) => ({ name: call.name, csv: 'name,address,city,state,zip,class,shape,weight\n' }),
  'remove-batch': () => ({ batches: [] }),
  rehearse: () => ({ edition: null, against: null, presets: [], batches: [] }),
  statistics: (call) => printed(call),
  slip: (call) => ({
    slip: call.slip.kind,
    message: 'Printed the slip on Zebra ZD421.',
    png_base64: label,
    width_mm: 101.6,
    height_mm: 152.4,
    dpi: 203,
  }),
  'office-art': () => ({ logo_png_base64: null, slogan: '', message: '' }),
  'set-office-art': (call) => ({
    logo_png_base64: call.remove_logo ? null : call.logo_png_base64,
    slogan: call.slogan ?? '',
    message: call.message ?? '',
  }),
  'verify-journal': () => ({ records: 1290, root: '9f2c'.repeat(16), intact: true, fault: null }),
};

/**
 * Serves the built page with a fixture behind it. `answers` replaces the table's.
 * @param {Given} answers
 */
export async function fixture(answers = {}) {
  const calls = [];
  const streams = new Set();
  const answerOf = async (call) => {
    const found = call.call in answers ? answers[call.call] : ANSWERS[call.call];
    return typeof found === 'function' ? found(call) : found;
  };
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, 'http://x').pathname;
    if (path === '/events') {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.flushHeaders();
      streams.add(response);
      request.on('close', () => streams.delete(response));
      return;
    }
    if (path === '/call') {
      let body = '';
      for await (const chunk of request) {
        body += chunk;
      }
      const sent = JSON.parse(body);
      // A call in somebody's name carries the call itself.
      const call = sent.call === 'as' ? { ...sent.inner, proof: sent.proof } : sent;
      calls.push(call);
      const answer = await answerOf(call);
      const refused = answer?.no;
      response.writeHead(refused ? 422 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(refused ?? answer));
      return;
    }
    page(path, response);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', () => listening(null)));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    url: `http://127.0.0.1:${address.port}/#0123456789abcdef0123456789abcdef`,
    answers,
    calls,
    tell(event) {
      for (const stream of streams) {
        stream.write(`${JSON.stringify(event)}\n`);
      }
    },
    close() {
      server.closeAllConnections();
      return new Promise((closed) => server.close(closed));
    },
  };
}
