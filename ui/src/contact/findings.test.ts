import { expect, test } from 'vitest';
import type { FindingView } from '../generated/api';
import { foundWords, stepWord } from './findings';

const finding = (outcome: FindingView['outcome'], check = 'name'): FindingView => ({ check, outcome, code: 'doctor_name', message: '', hint: '', ms: null });

test('findings are summed up by the worst of them', () => {
  expect(foundWords([finding('good')])).toEqual({ text: 'The way to the data center is open.', tone: 'proof' });
  expect(foundWords([finding('good'), finding('notice')])).toEqual({ text: 'The way to the data center is open; 1 thing is worth knowing.', tone: 'caution' });
  expect(foundWords([finding('fault'), finding('notice')])).toEqual({ text: 'The Internet does not lead to the data center.', tone: 'stop' });
});

test('a fault of the telephone is not one of the Internet', () => {
  expect(foundWords([finding('good'), finding('fault', 'modem')])).toEqual({ text: 'The Internet leads to the data center; the telephone does not.', tone: 'caution' });
  expect(foundWords([finding('fault')], true)).toEqual({ text: 'The Internet does not lead to the data center; the telephone does.', tone: 'caution' });
  expect(foundWords([finding('fault'), finding('fault', 'call')]).text).toBe('Neither the Internet nor the telephone leads to the data center.');
});

test('what is wrong on this computer itself keeps every line from leading anywhere', () => {
  for (const check of ['clock', 'certificate', 'address']) {
    const { text, tone } = foundWords([finding('fault', check), finding('good', 'modem')], false);
    expect(text).toContain('No line');
    expect(tone).toBe('stop');
  }
});

test('a step begins with a capital letter', () => {
  expect(['name', 'sign-in page'].map(stepWord)).toEqual(['Name', 'Sign-in page']);
});
