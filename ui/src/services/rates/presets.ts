// What a preset means on the counter.
import type { Preset } from '../../generated/api';

/** What a preset says of a piece, as the counter holds it. */
export interface OnCounter {
  choice: string | null;
  weight: string;
  size: string;
  nonmachinable: boolean;
  extras: string[];
  price: string | null;
  /** Days between today and the date of mailing. */
  advance: number;
}

/** The date of mailing may be advanced so far, days; no edition allows more. */
export const MOST_ADVANCED = 30;

/** Whole days from one ISO day to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000);
}

/** The ISO day so many days later. */
export function daysLater(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Whether the piece on the counter is what the preset says. */
export function isOn(preset: Preset, counter: OnCounter): boolean {
  return (
    `${preset.class}/${preset.shape}` === counter.choice &&
    (preset.weight === null || preset.weight === counter.weight.trim()) &&
    (preset.size ?? '') === counter.size.trim() &&
    preset.nonmachinable === counter.nonmachinable &&
    preset.price === counter.price &&
    preset.advance_days === counter.advance &&
    [...preset.extras].sort().join() === [...counter.extras].sort().join()
  );
}
