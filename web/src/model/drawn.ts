/** Runs and groups as charts and lists show them. */

export interface DrawnRun {
  id: string;
  label: string;
  /** place in the palette, as the server gave it to the run */
  slot: number;
  pinned: boolean;
}

export interface DrawnGroup {
  /** unique among the groups drawn together */
  name: string;
  label: string;
  slot: number;
  runs: readonly string[];
}

export interface Drawn {
  runs: readonly DrawnRun[];
  /** not empty: one line per group in place of the runs' own */
  groups: readonly DrawnGroup[];
}
