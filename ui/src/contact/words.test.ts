import { expect, test } from 'vitest';
import type { LineCallView, LineSetupView, LineView, PhoneCallView } from '../generated/api';
import { callWords, lasting, lineWords, meterWords, restWords, stageWord, stageWords, tryWords } from './words';

const call: LineCallView = { stage: 'up', number: '9,5550142', since: 1_800_000_000, seconds: 62, cost_mills: 240 };

test('a length of time is read like a clock', () => {
  expect([5, 754, 3723].map(lasting)).toEqual(['0:05', '12:34', '1:02:03']);
});

test('the meter runs from the modems’ meeting, and costs what a tariff says', () => {
  expect(meterWords(call, 62)).toBe('1:02 · $0.24');
  expect(meterWords({ ...call, cost_mills: null }, 62)).toBe('1:02');
  expect(meterWords({ ...call, cost_mills: 0 }, 62)).toBe('1:02');
  expect(meterWords({ ...call, stage: 'dialing', since: null }, 0)).toBe('');
});

test('each stage of a call is said', () => {
  const said = ['dialing', 'connecting', 'up', 'hanging-up'].map((stage) => stageWords({ ...call, stage }));
  expect(said).toEqual(['Dialing 9,5550142', '9,5550142 has answered', 'In a call with the data center', 'Hanging up']);
  const short = ['dialing', 'connecting', 'up', 'hanging-up'].map((stage) => stageWord({ ...call, stage }));
  expect(short).toEqual(['Dialing', 'Connecting', 'Modem', 'Hanging up']);
});

test('a call that is over says what came of it and why', () => {
  const past: PhoneCallView = { number: '1', at: 0, outcome: 'failed', fault: 'number_busy', seconds: 0, cost_mills: null, said: null };
  expect(callWords(past)).toEqual({ word: 'failed, number busy', tone: 'caution' });
  expect(callWords({ ...past, fault: 'ppp_line_lost' }).word).toBe('failed, line lost');
  expect(callWords({ ...past, fault: null })).toEqual({ word: 'given up', tone: 'muted' });
  expect(callWords({ ...past, outcome: 'reached', fault: null })).toEqual({ word: 'reached', tone: 'proof' });
  const vain = { ...past, outcome: 'unanswered' };
  expect(callWords({ ...vain, fault: 'call_unanswered' })).toEqual({ word: 'no answer from the data center', tone: 'caution' });
  expect(callWords({ ...vain, fault: 'ppp_line_lost' }).word).toBe('no answer from the data center, line lost');
});

test('trying a call says what it costs', () => {
  const setup = { per_call_mills: 90, per_minute_mills: 60 } as LineSetupView;
  expect(tryWords(setup)).toContain('at $0.09 for the call and $0.06 for each minute.');
  expect(tryWords({ ...setup, per_call_mills: 0 })).toContain(', at $0.06 for each minute.');
  expect(tryWords({ ...setup, per_call_mills: 0, per_minute_mills: 0 })).toContain('what your telephone company asks');
});

const at = (seconds: number): string => `(${seconds})`;

test('a line says which it is, since when, and whether it was reached', () => {
  const line: LineView = { kind: 'internet', up: true, reason: null, call: null };
  expect(lineWords(line, null, at)).toBe('Internet.');
  expect(lineWords(line, 5, at)).toBe('Internet, last contact (5).');
  expect(lineWords({ ...line, up: false }, 5, at)).toBe('Internet, not reached.');
  expect(lineWords({ ...line, call: { ...call, stage: 'dialing', since: null } }, 5, at)).toBe('Dialing 9,5550142.');
  expect(lineWords({ ...line, kind: 'dialup', call: { ...call, since: 7 } }, 5, at)).toBe('In a call with the data center since (7).');
  expect(lineWords({ ...line, kind: 'dialup', up: false }, 5, at)).toBe('Modem, not reached.');
  expect(lineWords({ ...line, kind: 'none', up: false }, null, at)).toBe('No contact yet.');
});

test('a telephone says until when it rests and when it calls by itself', () => {
  const setup = { ready: true, rests_until: null, calls_again_at: null } as LineSetupView;
  expect(restWords({ ...setup, ready: false }, at)).toContain('No telephone line is set');
  expect(restWords(setup, at)).toContain('when the Internet fails');
  expect(restWords({ ...setup, calls_again_at: 9 }, at)).toBe('The station calls again by itself at (9).');
  expect(restWords({ ...setup, calls_again_at: 9, rests_until: 8 }, at)).toContain('rests until (8)');
});
