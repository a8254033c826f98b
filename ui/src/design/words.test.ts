import { expect, test } from 'vitest';
import { money, signed } from './money';
import { isoDate, untilWords } from './time';
import { counted, countedAs, kindOf, serialParts } from './words';

test('an amount has two decimals, and a third where there is one', () => {
  expect(money(780)).toBe('$0.78');
  expect(money(785)).toBe('$0.785');
  expect(money(50_000)).toBe('$50.00');
  expect(money(1_234_567_890)).toBe('$1,234,567.89');
  expect(money(0)).toBe('$0.00');
  expect(money(5)).toBe('$0.005');
});

test('a change says its sign', () => {
  expect([signed(40), signed(-480), signed(0)]).toEqual(['+$0.04', '−$0.48', 'no change']);
});

test('a countdown never promises more than is left', () => {
  const day = 86_400;
  expect(untilWords(13 * day + day - 1, 0)).toBe('in 13 days');
  expect(untilWords(2 * day - 1, 0)).toBe('in 47 hours');
  expect(untilWords(3600, 0)).toBe('in 1 hour');
  expect(untilWords(30, 0)).toBe('in 1 minute');
  expect(untilWords(0, 0)).toBe('now');
});

test('a date is the clerk’s own, also across a month’s end', () => {
  expect(isoDate(0, new Date(2026, 0, 31, 23, 59))).toBe('2026-01-31');
  expect(isoDate(1, new Date(2026, 0, 31, 23, 59))).toBe('2026-02-01');
});

test('one piece is singular', () => {
  expect(counted(1, 'letter')).toBe('1 letter');
  expect(counted(1200, 'letter')).toBe('1,200 letters');
});

test('a class with one shape needs no second word', () => {
  expect(kindOf({ class: 'ground-advantage', shape: 'parcel' })).toBe('Ground Advantage');
  expect(kindOf({ class: 'first-class', shape: 'flat' })).toBe('First-Class large envelope');
  expect(kindOf({ class: 'priority', shape: 'parcel' })).toBe('Priority Mail');
});

test('flat-rate items and what amends a piece have their words', () => {
  expect(kindOf({ class: 'priority', shape: 'flat-rate:medium-box' })).toBe('Priority Mail flat-rate medium box');
  expect(kindOf({ class: 'international', shape: 'priority-parcel' })).toBe('International priority parcel');
  expect(kindOf({ class: 'ground-advantage', shape: 'correction' })).toBe('Ground Advantage date correction');
  expect(kindOf({ class: 'first-class', shape: 'additional' })).toBe('First-Class additional postage');
});

test('what is counted is called as the counter calls it', () => {
  expect([countedAs('class', 'ground-advantage'), countedAs('shape', 'flat')]).toEqual(['Ground Advantage', 'large envelope']);
  expect([countedAs('class', 'pigeon'), countedAs('zone', '4'), countedAs(undefined, 'flat')]).toEqual(['pigeon', '4', 'flat']);
});

test('a serial is cut before its own number', () => {
  expect(serialParts('ZZ01-0000-0000-0042-7-000313')).toEqual(['ZZ01-0000-0000-0042-7-', '000313']);
  expect(serialParts('7')).toEqual(['', '7']);
});
