// What the telephone line is doing and has done, in words.
import { money } from '../design/money';
import type { Tone } from '../design/words';
import type { LineCallView, LineSetupView, LineView, PhoneCallView } from '../generated/api';

/** `0:05`, `12:34`, `1:02:03` */
export function lasting(seconds: number): string {
  const two = (part: number): string => String(part).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** What the clerk calls a line. */
export const lineName = (line: LineView): string => (line.kind === 'dialup' ? 'Modem' : line.kind === 'none' ? 'No contact yet' : 'Internet');

/** Which line carried the last contact and how that went; a call says since when it stands. */
export function lineWords(line: LineView, last: number | null, moment: (seconds: number) => string): string {
  if (line.call?.since != null) {
    return `In a call with the data center since ${moment(line.call.since)}.`;
  }
  if (line.call !== null) {
    return `${stageWords(line.call)}.`;
  }
  if (line.kind === 'none') {
    return `${lineName(line)}.`;
  }
  return line.up && last !== null ? `${lineName(line)}, last contact ${moment(last)}.` : `${lineName(line)}${line.up ? '' : ', not reached'}.`;
}

/** What the telephone waits for, and when it rings by itself. */
export function restWords(setup: LineSetupView, moment: (seconds: number) => string): string {
  if (!setup.ready) {
    return 'No telephone line is set; Setup has it.';
  }
  if (setup.rests_until !== null) {
    return `The telephone rests until ${moment(setup.rests_until)}, because the number failed too often. Call now insists.`;
  }
  return setup.calls_again_at === null
    ? 'The telephone is dialed by itself when the Internet fails.'
    : `The station calls again by itself at ${moment(setup.calls_again_at)}.`;
}

/** What trying a call means, with its price where that is known. */
export function tryWords(setup: LineSetupView): string {
  const call = setup.per_call_mills > 0 ? [`${money(setup.per_call_mills)} for the call`] : [];
  const minute = setup.per_minute_mills > 0 ? [`${money(setup.per_minute_mills)} for each minute`] : [];
  const price = [...call, ...minute].join(' and ');
  return `A call tries the telephone line${price === '' ? ', at what your telephone company asks' : `, at ${price}`}. No money of the vault moves.`;
}

/** What the call that is going on does now. */
export function stageWords(call: LineCallView): string {
  switch (call.stage) {
    case 'dialing':
      return `Dialing ${call.number}`;
    case 'connecting':
      return `${call.number} has answered`;
    case 'up':
      return 'In a call with the data center';
    case 'hanging-up':
      return 'Hanging up';
    default:
      return call.stage;
  }
}

/** The same in a word, for the counter. */
export function stageWord(call: LineCallView): string {
  switch (call.stage) {
    case 'dialing':
      return 'Dialing';
    case 'connecting':
      return 'Connecting';
    case 'hanging-up':
      return 'Hanging up';
    default:
      return 'Modem';
  }
}

/** The meter: how long the call has lasted, and what it has cost where the tariff is known. */
export function meterWords(call: LineCallView, seconds: number): string {
  const cost = call.cost_mills === null || call.cost_mills === 0 ? '' : ` · ${money(call.cost_mills)}`;
  return call.since === null ? '' : `${lasting(seconds)}${cost}`;
}

const OUTCOME: Record<string, { word: string; tone: Tone }> = {
  dialed: { word: 'broken off', tone: 'caution' },
  reached: { word: 'reached', tone: 'proof' },
  unanswered: { word: 'no answer from the data center', tone: 'caution' },
  'not-dialed': { word: 'not dialed', tone: 'muted' },
  failed: { word: 'failed', tone: 'caution' },
  barred: { word: 'barred', tone: 'stop' },
};

/** What came of a call that is over, with its reason. */
export function callWords(call: PhoneCallView): { word: string; tone: Tone } {
  if (call.outcome === 'failed' && call.fault === null) {
    // Nothing was wrong: somebody hung up, or the Internet was back first.
    return { word: 'given up', tone: 'muted' };
  }
  const { word, tone } = OUTCOME[call.outcome] ?? { word: call.outcome, tone: 'muted' as const };
  const why = call.fault === null || call.fault === 'call_unanswered' ? '' : `, ${call.fault.replace(/^ppp_/, '').replaceAll('_', ' ')}`;
  return { word: `${word}${why}`, tone };
}
