import type { PrinterSetup, PrintOut } from '../generated/api';

/** The name of the way out that needs no printer; a printer cannot be called so, it is empty. */
export const PDF = '';

/** A printer's or the folder's way out. */
export function outFor(chosen: string, folder: string): PrintOut {
  return chosen === PDF
    ? { kind: 'folder', path: folder.trim() === '' ? null : folder.trim() }
    : { kind: 'printer', name: chosen };
}

/** The chosen way out while it exists; a removed printer falls back to the first, then to PDF. */
export function existing(chosen: string | null, printers: PrinterSetup[]): string {
  if (chosen !== null && (chosen === PDF || printers.some(({ name }) => name === chosen))) {
    return chosen;
  }
  return printers[0]?.name ?? PDF;
}
