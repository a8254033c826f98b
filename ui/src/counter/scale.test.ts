import { expect, test } from 'vitest';
import { changedWords, SCALE_TONE } from './scale';

test('only a load at rest looks like one that may be paid by', () => {
  const good = Object.entries(SCALE_TONE).filter(([, tone]) => tone === 'proof');
  expect(good.map(([state]) => state)).toEqual(['stable']);
});

test('a changed load says what to do, each way of weighing its own', () => {
  const words = [changedWords(false, false), changedWords(true, false), changedWords(true, true)];
  expect(new Set(words).size).toBe(3);
  for (const one of words) {
    expect(one).toMatch(/\.$/);
    expect(one).not.toMatch(/!/);
  }
});
