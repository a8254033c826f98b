import { expect, test } from 'vitest';
import type { ExtraView } from '../../generated/api';
import { allowed, toggled } from './extras';

const extra = (name: string, needs: string[] = [], excludes: string[] = []): ExtraView => ({
  name,
  title: name,
  amount_mills: 1,
  needs,
  excludes,
});
const certified = extra('certified');
const paper = extra('paper', ['certified', 'registered'], ['electronic']);
const electronic = extra('electronic', ['certified', 'registered'], ['paper']);
const offered = [certified, paper, electronic];

test('an extra is allowed with one it needs and without those it excludes', () => {
  expect(allowed(certified, [])).toBe(true);
  expect(allowed(paper, [])).toBe(false);
  expect(allowed(paper, ['certified'])).toBe(true);
  expect(allowed(paper, ['certified', 'electronic'])).toBe(false);
});

test('what needed an extra goes with it', () => {
  const both = toggled(offered, toggled(offered, [], 'certified'), 'paper');
  expect(both).toEqual(['certified', 'paper']);
  expect(toggled(offered, both, 'paper')).toEqual(['certified']);
  expect(toggled(offered, both, 'certified')).toEqual([]);
});
