import { expect, test } from 'vitest';
import type { SoftwareView } from '../../generated/api';
import { coming, lastWords, megabytes } from './words';

const view: SoftwareView = {
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
};

test('what comes says what it waits for, and stands out when it is urgent', () => {
  expect(coming(view).text).toBe('Version 1.1.0 is here and waits, because the office is open.');
  expect(coming({ ...view, urgent: true }).tone).toBe('caution');
  expect(coming({ ...view, waits: null }).text).toContain('starts when nobody is served');
  expect(coming({ ...view, state: 'stuck', minimum: '1.2.0' }).tone).toBe('stop');
});

test('where nothing new is believed, the newest version is that of a day', () => {
  const current = { ...view, state: 'current' as const };
  expect(coming(current).tone).toBe('proof');
  expect(coming(current, 'Nov 12, 2026')).toEqual({ text: 'As of Nov 12, 2026 this was the newest version for this station.', tone: 'caution' });
  expect(coming({ ...view, state: 'unpublished' }, 'Nov 12, 2026').text).toContain('As of Nov 12, 2026');
});

test('what came of the last release is one sentence with its reason', () => {
  expect(lastWords(view)).toBeNull();
  const last = { version: '1.1.0', outcome: 'put-back', reason: 'it cannot use the store.', at: 0 };
  expect(lastWords({ ...view, last })).toBe(
    'Version 1.1.0 did not prove itself and was put back: it cannot use the store. It is not tried again.',
  );
  expect(lastWords({ ...view, last: { ...last, outcome: 'installed', reason: null } })).toContain('has proved itself');
  const putOff = { ...last, outcome: 'put-off', reason: 'the disk is full' };
  expect(lastWords({ ...view, last: putOff })).toBe('Version 1.1.0 could not be installed: the disk is full. It is tried again a day later.');
});

test('sizes are whole megabytes and a tenth', () => {
  expect(megabytes(24_600_000)).toBe('24.6 MB');
  expect(megabytes(0)).toBe('0 MB');
});
