import { expect, test } from 'vitest';
import { bars } from './bars';

test('the longest bar is whole and curves stand on one another', () => {
  const chart = {
    labels: ['2026-11-21', '2026-11-22'],
    series: [
      { key: ['letter'], pieces: [1, 2], postage_mills: [780, 1560] },
      { key: ['flat'], pieces: [0, 1], postage_mills: [0, 1560] },
    ],
  };
  expect(bars(chart)).toEqual([
    { label: '2026-11-21', pieces: 1, mills: 780, share: 0.25 },
    { label: '2026-11-22', pieces: 3, mills: 3120, share: 1 },
  ]);
});

test('nothing printed has no bars', () => {
  expect(bars({ labels: [], series: [] })).toEqual([]);
});
