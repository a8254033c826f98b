import type { OptionView } from '../generated/api';

/** One way of sending, as a radio's value. */
export const keyOf = (option: { class: string; shape: string }): string =>
  `${option.class}/${option.shape}`;

/** A clerk who chose nothing most likely holds a letter; a heavier piece grows in this order. */
const LIKELY = ['letter', 'flat', 'parcel', 'postcard'];

/**
 * The way that is chosen when prices have come. One that somebody chose stays, whether or not it
 * takes the piece. One that the counter took by itself stays while it is allowed, else the next likely
 * shape is taken, cheapest first, and the same as before when nothing is allowed.
 */
export function chosenAmong(options: OptionView[], before: string | null, byHand: boolean): string | null {
  const allowed = options.filter((option) => option.quote !== null);
  if (byHand || allowed.some((option) => keyOf(option) === before)) {
    return before;
  }
  const likely = LIKELY.flatMap((shape) => allowed.filter((option) => option.shape === shape));
  const next = likely[0] ?? allowed[0];
  return next === undefined ? before : keyOf(next);
}

/** Why the chosen way does not take the piece; nothing while it does, or where none is chosen. */
export function barredWords(options: OptionView[], choice: string | null): string | null {
  const chosen = options.find((option) => keyOf(option) === choice);
  if (choice === null || (chosen !== undefined && chosen.quote !== null)) {
    return null;
  }
  const why = chosen?.excluded ?? 'The rates in force do not have this way of sending';
  return `${why}. Choose another service (F4), or change the piece.`;
}
