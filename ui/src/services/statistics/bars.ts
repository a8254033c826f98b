import type { ChartView } from '../../generated/api';

/** A row of the panel: what it counts, and how long its bar is, in parts of the longest. */
export interface Bar {
  label: string;
  pieces: number;
  mills: number;
  share: number;
}

/** One bar for each label; where a chart has several curves, their values stand on one another. */
export function bars(chart: ChartView): Bar[] {
  const sum = (values: number[]): number => values.reduce((all, one) => all + one, 0);
  const rows = chart.labels.map((label, at) => ({
    label,
    pieces: sum(chart.series.map((series) => series.pieces[at] ?? 0)),
    mills: sum(chart.series.map((series) => series.postage_mills[at] ?? 0)),
  }));
  const longest = Math.max(1, ...rows.map((row) => row.mills));
  return rows.map((row) => ({ ...row, share: row.mills / longest }));
}
