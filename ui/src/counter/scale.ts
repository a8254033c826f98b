import type { ScaleState } from '../generated/api';
import type { Tone } from '../design/words';

/** How each state of a scale looks beside its words. */
export const SCALE_TONE: Record<ScaleState, Tone> = {
  none: 'muted',
  away: 'stop',
  silent: 'stop',
  moving: 'muted',
  empty: 'muted',
  stable: 'proof',
  'below-zero': 'caution',
  overload: 'stop',
  trouble: 'caution',
};

/** What a clerk does when the load that was priced is not there any more. */
export function changedWords(takeOff: boolean, paid: boolean): string {
  if (takeOff) {
    return paid
      ? 'That piece has its postage. Take the next one off the scale.'
      : 'The load changed since the price was made. Press F11 for the piece that was taken off.';
  }
  return 'The load changed since the price was made. Press F11 to weigh again, or type the weight.';
}
