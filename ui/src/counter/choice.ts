import type { OptionView } from '../generated/api';

/** One way of sending, as a radio's value. */
export const keyOf = (option: { class: string; shape: string }): string =>
  `${option.class}/${option.shape}`;

/** A clerk who chose nothing most likely holds a letter; a heavier piece grows in this order. */
const LIKELY = ['letter', 'flat', 'parcel', 'postcard'];

/**
 * The way that stays chosen when prices change: the same as before while it is allowed, else the
 * next likely shape that is, cheapest first. `null` when nothing is allowed.
 */
export function chosenAmong(options: OptionView[], before: string | null): OptionView | null {
  const allowed = options.filter((option) => option.quote !== null);
  const same = allowed.find((option) => keyOf(option) === before);
  if (same !== undefined) {
    return same;
  }
  for (const shape of LIKELY) {
    const likely = allowed.find((option) => option.shape === shape);
    if (likely !== undefined) {
      return likely;
    }
  }
  return allowed[0] ?? null;
}
