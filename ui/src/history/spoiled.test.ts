import { expect, test } from 'vitest';
import { spoiledWords } from './spoiled';

test('a claim is promised only to who may make one', () => {
  expect(spoiledWords(true)).toContain('claimed back');
  expect(spoiledWords(false)).not.toContain('claimed back');
});
