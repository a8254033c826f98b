import { expect, test } from 'vitest';
import { rowsIn } from './rows';

test('the header and blank lines are no rows', () => {
  expect(rowsIn('')).toBe(0);
  expect(rowsIn('name,zip\n')).toBe(0);
  expect(rowsIn('name,zip\nA,1\n\r\nB,2')).toBe(2);
});

test('a line break within quotes belongs to its row', () => {
  expect(rowsIn('name,address\nA,"12 Main\nApt 4"\nB,x\n')).toBe(2);
});
