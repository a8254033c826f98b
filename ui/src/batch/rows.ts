/**
 * How many rows a CSV text has below its header, for the button's words only: the station reads and
 * judges the file. A line break within quotes belongs to its row.
 */
export function rowsIn(csv: string): number {
  let inQuotes = false;
  let rows = 0;
  let isBlank = true;
  for (const char of csv) {
    if (char === '"') {
      inQuotes = !inQuotes;
    }
    if (char === '\n' && !inQuotes) {
      rows += isBlank ? 0 : 1;
      isBlank = true;
    } else if (char.trim() !== '') {
      isBlank = false;
    }
  }
  return Math.max(0, rows + (isBlank ? 0 : 1) - 1);
}
