import { expect, test } from 'vitest';
import { nameFor } from './names';

test('a batch is called as its file, and one without a file just so', () => {
  expect(nameFor('Monday.csv', [])).toBe('Monday.csv');
  expect(nameFor(' ', ['Monday.csv'])).toBe('Batch');
});

test('no batch that waits is replaced by another of its name', () => {
  expect(nameFor('', ['Batch'])).toBe('Batch 2');
  expect(nameFor('Monday.csv', ['Monday.csv', 'Monday.csv 2'])).toBe('Monday.csv 3');
  const long = 'x'.repeat(50);
  expect(nameFor(long, [long.slice(0, 40)])).toBe(`${'x'.repeat(38)} 2`);
});

test('a long name is cut between characters, never inside one', () => {
  expect(nameFor(`${'x'.repeat(39)}📬.csv`, [])).toBe(`${'x'.repeat(39)}📬`);
  const family = '👩‍👩‍👧';
  expect(nameFor(`${'x'.repeat(38)}${family}`, [])).toBe('x'.repeat(38));
  expect([...nameFor('é'.repeat(60), [])].length).toBe(40);
});
