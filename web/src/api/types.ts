/** Shapes of the native API's answers. Times are Unix seconds. */

export type Role = "viewer" | "member" | "admin";

export interface Membership {
  name: string;
  kind: "user" | "team" | "organization";
  role: Role;
}

export interface Me {
  username: string;
  display_name: string;
  email: string;
  is_admin: boolean;
  default_entity: string;
  entities: Membership[];
  server: { version: string; base_url: string; ui_build: string };
}

export interface Project {
  id: string | number;
  entity: string;
  name: string;
  description: string;
  created_at: number;
  updated_at: number;
  run_count: number;
  settings: Record<string, unknown>;
}

export type RunState =
  | "pending"
  | "running"
  | "finished"
  | "failed"
  | "crashed"
  | "killed"
  | "preempting"
  | "preempted";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = Record<string, Json>;

export interface Run {
  id: string;
  entity: string;
  project: string;
  display_name: string;
  state: RunState;
  username: string;
  group: string;
  job_type: string;
  notes: string;
  sweep: string;
  tags: string[];
  host: string;
  program: string;
  command: string[];
  config: JsonObject;
  summary: JsonObject;
  environment?: JsonObject;
  metrics?: JsonObject[];
  created_at: number;
  started_at: number | null;
  updated_at: number;
  heartbeat_at: number | null;
  finished_at: number | null;
  duration: number | null;
  exit_code: number | null;
  stop_requested: boolean;
  colour: number;
  fork_of: string;
  fork_step: number | null;
  version: number;
  deleted_at: number | null;
  ranks: number;
}

/** The Mongo-like filter language, as JSON. */
export type RunFilter = JsonObject;

export interface RunQuery {
  filter?: RunFilter;
  search?: string;
  order?: string[];
  cursor?: string;
  limit?: number;
  select?: string[];
  trash?: boolean;
}

export interface RunPage {
  runs: Run[];
  cursors: string[];
  next_cursor: string;
  total: number;
}

export interface GroupStatistics {
  count: number;
  mean: number | null;
  std: number | null;
  min: number | null;
  max: number | null;
}

export interface RunGroup {
  values: Json[];
  count: number;
  filter: RunFilter;
  states: Record<string, number>;
  statistics: Record<string, GroupStatistics>;
}

export interface ColumnInfo {
  path: string;
  kinds: string[];
  runs: number;
}

export type KeyKind = "number" | "integer" | "bool" | "string" | "json";

export interface KeyName {
  name: string;
  kind: KeyKind;
}

export interface RunKeyInfo extends KeyName {
  count: number;
  first_step: number;
  last_step: number;
  min: number | null;
  max: number | null;
  last: Json;
}

export interface SeriesQuery {
  runs: string[];
  keys: string[];
  x: string;
  range: [number | null, number | null];
  buckets: number;
  space?: "history" | "system";
  group?: Record<string, string[]>;
}

export interface View {
  id: string;
  entity: string;
  project: string;
  kind: string;
  name: string;
  owner: string;
  shared: boolean;
  spec: JsonObject;
  version: number;
  created_at: number;
  updated_at: number;
}

/** One change as the feed tells it: what changed, never its content in full. */
export interface FeedEvent {
  kind: "run" | "rows" | "system" | "console" | "files" | "project" | "alert";
  entity: string;
  project: string;
  run: string;
  detail: JsonObject;
}
