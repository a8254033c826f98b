const DAY = 86_400;

/** Unix seconds now. */
export const now = (): number => Math.floor(Date.now() / 1000);

const clock = new Intl.DateTimeFormat('en-US', { hour: '2-digit', minute: '2-digit', hour12: false });
const day = new Intl.DateTimeFormat('en-US', { day: 'numeric', month: 'short' });
const dayYear = new Intl.DateTimeFormat('en-US', { day: 'numeric', month: 'short', year: 'numeric' });

/** `10:42` */
export const clockOf = (seconds: number): string => clock.format(seconds * 1000);

/** `Nov 22` */
export const dayOf = (seconds: number): string => day.format(seconds * 1000);

/** `Nov 22, 2026` */
export const dayYearOf = (seconds: number): string => dayYear.format(seconds * 1000);

/** `10:42` today, else `Nov 22, 10:42`. */
export function momentOf(seconds: number, today: number = now()): string {
  const same = dayYearOf(seconds) === dayYearOf(today);
  return same ? clockOf(seconds) : `${dayOf(seconds)}, ${clockOf(seconds)}`;
}

/** `in 13 days`, `in 5 hours`, `now`; rounded down, so that it never promises too much. */
export function untilWords(then: number, from: number = now()): string {
  const left = then - from;
  if (left <= 0) {
    return 'now';
  }
  const [count, unit] =
    left >= 2 * DAY
      ? [Math.floor(left / DAY), 'day']
      : left >= 3600
        ? [Math.floor(left / 3600), 'hour']
        : [Math.max(1, Math.floor(left / 60)), 'minute'];
  return `in ${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** The date in the clerk's own time zone, ISO, `days` from today. */
export function isoDate(days = 0, from: Date = new Date()): string {
  const date = new Date(from.getFullYear(), from.getMonth(), from.getDate() + days);
  const month = String(date.getMonth() + 1).padStart(2, '0');
  return `${date.getFullYear()}-${month}-${String(date.getDate()).padStart(2, '0')}`;
}
