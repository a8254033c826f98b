import { expect, test } from 'vitest';
import type { PrinterSetup } from '../generated/api';
import { existing, outFor } from './outs';

const zebra: PrinterSetup = {
  name: 'Zebra',
  model: 'zebra-zd421-203',
  port: { kind: 'tcp', address: '127.0.0.1:9100' },
  dpi: 203,
  stock: 'label-4x6',
  acknowledges: true,
};

test('without a printer a piece goes into the station’s own folder', () => {
  expect(outFor('', ' ')).toEqual({ kind: 'folder', path: null });
  expect(outFor('', ' /home/clerk ')).toEqual({ kind: 'folder', path: '/home/clerk' });
});

test('a removed printer is not printed to', () => {
  expect(existing('Old', [zebra])).toBe('Zebra');
  expect(existing('Old', [])).toBe('');
  expect(existing('Zebra', [zebra])).toBe('Zebra');
});

test('before the first choice a printer is taken, and PDF stays chosen once it was', () => {
  expect(existing(null, [zebra])).toBe('Zebra');
  expect(existing(null, [])).toBe('');
  expect(existing('', [zebra])).toBe('');
});
