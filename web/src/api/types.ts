/** Short names for the shapes of the native API; all come from the server's own OpenAPI file. */

import type { components } from "./schema";

type Schemas = components["schemas"];

/** Any JSON; what is in it is looked at before it is used. */
export type JsonObject = Record<string, unknown>;

export type Me = Schemas["Me"];
export type Membership = Schemas["EntityOfMe"];
export type Role = Membership["role"];
export type Project = Schemas["Project"];
export type ProjectSeen = Schemas["ProjectSeen"];
/** Whether the caller may do it, and what the refusal would say. */
export type Right = Schemas["Right"];
export type OwnRights = Schemas["OwnRights"];
export type EntitySeen = Schemas["EntitySeen"];
export type EntityRights = Schemas["EntityRights"];
export type ProjectRights = Schemas["ProjectRights"];
export type ProjectPage = Schemas["Projects"];
export type Run = Schemas["Run"];
export type RunState = Run["state"];
export type RunPage = Schemas["RunsFound"];
export type RunGroup = Schemas["Group"];
export type GroupStatistics = Schemas["GroupStatistics"];
export type ColumnInfo = Schemas["Column"];
export type KeyName = Schemas["ProjectKey"];
export type KeyKind = KeyName["kind"];
export type RunKeyInfo = Schemas["HistoryKey"];
export type View = Schemas["View"];

/** The Mongo-like filter language. */
export type RunFilter = JsonObject;
export type RunQuery = Partial<Schemas["RunsWanted"]>;
export type GroupQuery = Partial<Schemas["GroupsWanted"]> & Pick<Schemas["GroupsWanted"], "by">;
export type SeriesQuery = Partial<Schemas["SeriesWanted"]> & Pick<Schemas["SeriesWanted"], "keys">;

/** One change as the feed tells it: what changed, never its content in full. */
export interface FeedEvent {
  kind: "run" | "rows" | "system" | "console" | "files" | "project" | "alert" | "artifact";
  entity: string;
  project: string;
  run: string;
  detail: JsonObject;
}
