/** Columns of runs by the server's keys: fields, `config.PATH`, `summary.PATH`. */

export interface FieldColumn {
  key: string;
  label: string;
  width: number;
}

export const FIELD_COLUMNS: readonly FieldColumn[] = [
  { key: "name", label: "Name", width: 200 },
  { key: "state", label: "State", width: 92 },
  { key: "created_at", label: "Created", width: 100 },
  { key: "duration", label: "Duration", width: 100 },
  { key: "username", label: "User", width: 100 },
  { key: "group", label: "Group", width: 110 },
  { key: "job_type", label: "Job type", width: 100 },
  { key: "tags", label: "Tags", width: 140 },
  { key: "host", label: "Host", width: 120 },
  { key: "sweep", label: "Sweep", width: 100 },
  { key: "notes", label: "Notes", width: 180 },
  { key: "heartbeat_at", label: "Last heard of", width: 110 },
  { key: "finished_at", label: "Finished", width: 100 },
  { key: "exit_code", label: "Exit code", width: 80 },
  { key: "id", label: "Id", width: 100 },
];

export function columnLabel(key: string): string {
  return FIELD_COLUMNS.find((column) => column.key === key)?.label ?? key;
}

export function columnWidth(key: string): number {
  const field = FIELD_COLUMNS.find((column) => column.key === key);
  return field?.width ?? Math.min(180, Math.max(84, 30 + 7 * shortLabel(key).length));
}

/** Without what all of its kind begin with: `config.optimizer.lr` is `optimizer.lr`. */
export function shortLabel(key: string): string {
  return key.replace(/^(config|summary)\./, "");
}

/** What the server has to bring along for these columns. */
export function selectOf(columns: readonly string[]): string[] {
  return columns.filter((key) => key.startsWith("config.") || key.startsWith("summary."));
}
