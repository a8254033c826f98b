import { expect, test } from 'vitest';
import type { OptionView } from '../generated/api';
import { chosenAmong, keyOf } from './choice';

const option = (shape: string, allowed: boolean, cls = 'first-class'): OptionView => ({
  class: cls,
  shape,
  title: shape,
  quote: allowed
    ? { price_mills: 1, edition: 'e', zone: null, group: null, estimated: false, steps: [], notes: [] }
    : null,
  excluded: allowed ? null : 'too heavy',
  code: allowed ? null : 'overweight',
  extras: [],
});

test('a letter is taken first even where a postcard is cheaper', () => {
  const options = [option('postcard', true), option('letter', true), option('flat', true)];
  expect(chosenAmong(options, null)?.shape).toBe('letter');
});

test('the clerk’s choice stays while it is allowed', () => {
  const options = [option('letter', true), option('flat', true)];
  expect(chosenAmong(options, 'first-class/flat')?.shape).toBe('flat');
});

test('a piece that grew too heavy for a letter becomes the next shape that takes it', () => {
  const options = [option('flat', true), option('parcel', true, 'ground-advantage'), option('letter', false)];
  expect(chosenAmong(options, 'first-class/letter')?.shape).toBe('flat');
});

test('where nothing is allowed nothing is chosen', () => {
  expect(chosenAmong([option('letter', false)], 'first-class/letter')).toBeNull();
});

test('class and shape together make the key', () => {
  expect(keyOf({ class: 'first-class', shape: 'letter' })).toBe('first-class/letter');
});
