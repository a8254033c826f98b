import { expect, test } from 'vitest';
import { nameOfKey } from './names';

test('a key is called by its name, and an unknown one by the word of the station', () => {
  expect(nameOfKey('store')).toBe('Store on this computer');
  expect(nameOfKey('something-new')).toBe('something-new');
});
