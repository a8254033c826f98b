import { expect, test } from 'vitest';
import type { OptionView } from '../generated/api';
import { barredWords, chosenAmong, keyOf } from './choice';

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
  expect(chosenAmong(options, null, false)).toBe('first-class/letter');
});

test('what was taken stays while it is allowed', () => {
  const options = [option('letter', true), option('flat', true)];
  expect(chosenAmong(options, 'first-class/flat', false)).toBe('first-class/flat');
});

test('a piece that grew too heavy for a letter becomes the next shape that takes it', () => {
  const options = [option('flat', true), option('parcel', true, 'ground-advantage'), option('letter', false)];
  expect(chosenAmong(options, 'first-class/letter', false)).toBe('first-class/flat');
});

test('a way that somebody chose becomes no other by itself', () => {
  const options = [option('flat', true), option('letter', false)];
  expect(chosenAmong(options, 'first-class/letter', true)).toBe('first-class/letter');
  expect(chosenAmong([], 'media/parcel', true)).toBe('media/parcel');
});

test('where nothing is allowed nothing else is taken', () => {
  expect(chosenAmong([option('letter', false)], 'first-class/letter', false)).toBe('first-class/letter');
  expect(chosenAmong([option('letter', false)], null, false)).toBeNull();
});

test('a chosen way that does not take the piece says why, and what to do', () => {
  const options = [option('flat', true), option('letter', false)];
  expect(barredWords(options, 'first-class/flat')).toBeNull();
  expect(barredWords(options, null)).toBeNull();
  expect(barredWords(options, 'first-class/letter')).toContain('too heavy. Choose another service');
  expect(barredWords(options, 'media/parcel')).toContain('do not have this way');
});

test('class and shape together make the key', () => {
  expect(keyOf({ class: 'first-class', shape: 'letter' })).toBe('first-class/letter');
});
