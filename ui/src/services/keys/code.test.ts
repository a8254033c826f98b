import { expect, test } from 'vitest';
import { grouped, wholeGroups } from './code';

test('a pasted code falls into groups whatever stands between them', () => {
  expect(grouped(' abcd1234 efgh5678\nij')).toBe('ABCD1234-EFGH5678-IJ');
  expect(grouped('ABCD1234-EFGH5678')).toBe('ABCD1234-EFGH5678');
});

test('a code never grows beyond seven groups', () => {
  const code = grouped('X'.repeat(80));
  expect(code.split('-')).toHaveLength(7);
  expect(wholeGroups(code)).toBe(7);
});

test('a half group is not whole', () => {
  expect(wholeGroups('ABCD1234-EFG')).toBe(1);
  expect(wholeGroups('')).toBe(0);
});
