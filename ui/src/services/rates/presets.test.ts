import { expect, test } from 'vitest';
import type { Preset } from '../../generated/api';
import { daysBetween, daysLater, isOn, type OnCounter } from './presets';

const preset: Preset = {
  name: 'Writ', favourite: true, class: 'first-class', shape: 'letter', weight: '1oz', size: null,
  nonmachinable: false, price: null, extras: ['return-receipt', 'certified'], to: null, advance_days: 1, cost_centre: null,
};
const counter: OnCounter = {
  choice: 'first-class/letter', weight: ' 1oz', size: '', nonmachinable: false,
  extras: ['certified', 'return-receipt'], price: null, advance: 1,
};

test('a preset is on the counter while nothing of it was changed', () => {
  expect(isOn(preset, counter)).toBe(true);
  expect(isOn({ ...preset, weight: null }, { ...counter, weight: '3oz' })).toBe(true);
  for (const change of [{ weight: '2oz' }, { extras: [] }, { advance: 0 }, { choice: 'first-class/flat' }, { nonmachinable: true }]) {
    expect(isOn(preset, { ...counter, ...change })).toBe(false);
  }
});

test('relative days cross months, leap days and changes of the clock', () => {
  expect(daysBetween('2026-10-31', '2026-11-02')).toBe(2);
  expect(daysLater('2028-02-28', 1)).toBe('2028-02-29');
  expect(daysLater('2027-03-13', 2)).toBe('2027-03-15');
  expect(daysLater('2026-12-31', 1)).toBe('2027-01-01');
});
