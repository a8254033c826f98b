import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { coalesced, Latest } from './latest';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('typing asks once, after the hand rests', async () => {
  const latest = new Latest();
  const question = vi.fn(() => Promise.resolve('83702'));
  const answered = vi.fn();
  latest.ask(200, question, answered, vi.fn());
  await vi.advanceTimersByTimeAsync(150);
  latest.ask(200, question, answered, vi.fn());
  await vi.advanceTimersByTimeAsync(200);
  expect(question).toHaveBeenCalledTimes(1);
  expect(answered).toHaveBeenCalledExactlyOnceWith('83702');
});

test('an older answer that comes late changes nothing', async () => {
  const latest = new Latest();
  const seen: string[] = [];
  const after = (ms: number, text: string) => () =>
    new Promise<string>((answer) => setTimeout(() => answer(text), ms));
  latest.ask(0, after(500, 'old'), (text) => seen.push(text), vi.fn());
  await vi.advanceTimersByTimeAsync(10);
  latest.ask(0, after(10, 'new'), (text) => seen.push(text), vi.fn());
  await vi.advanceTimersByTimeAsync(1000);
  expect(seen).toEqual(['new']);
});

test('a refusal of a dropped question is not shown', async () => {
  const latest = new Latest();
  const refused = vi.fn();
  latest.ask(0, () => Promise.reject(new Error('no')), vi.fn(), refused);
  latest.drop();
  await vi.advanceTimersByTimeAsync(10);
  expect(refused).not.toHaveBeenCalled();
});

test('many wishes during one run make one more run, not many', async () => {
  const work = vi.fn(() => new Promise<void>((done) => setTimeout(done, 100)));
  const refresh = coalesced(work);
  const first = refresh();
  void refresh();
  void refresh();
  await vi.advanceTimersByTimeAsync(250);
  await first;
  expect(work).toHaveBeenCalledTimes(2);
  void refresh();
  expect(work).toHaveBeenCalledTimes(3);
});
