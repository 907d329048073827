/** The address of a workspace: a view's id, and only what differs from that view. */

import { asNumber, asString } from "@/base/parse";

import { parseFields, type WorkspaceSpec } from "./spec";

export interface WorkspaceSearch extends Partial<WorkspaceSpec> {
  /** saved view; none: the default one */
  view?: string | undefined;
  /** text that panels are searched by */
  find?: string | undefined;
  /** panel shown over the full page */
  panel?: string | undefined;
  /** of all media; none: the latest */
  step?: number | undefined;
}

/** What the address holds beside the view's own fields. */
const LOOKS = ["view", "find", "panel", "step"] as const;

export function parseWorkspaceSearch(raw: Record<string, unknown>): WorkspaceSearch {
  const search: WorkspaceSearch = parseFields(raw);
  for (const name of ["view", "find", "panel"] as const) {
    const text = asString(raw[name]);
    if (text !== undefined && text !== "") search[name] = text;
  }
  const step = asNumber(raw["step"]);
  if (step !== undefined) search.step = Math.trunc(step);
  return search;
}

/** Fields of the address that a view keeps: while any is there, the view has unsaved changes. */
export function changedFields(search: WorkspaceSearch): (keyof WorkspaceSpec)[] {
  return (Object.keys(search) as (keyof WorkspaceSearch)[]).filter(
    (name): name is keyof WorkspaceSpec => name !== "zoom" && !(LOOKS as readonly string[]).includes(name),
  );
}

/** `base` with what the address says. */
export function specOf(base: WorkspaceSpec, search: WorkspaceSearch): WorkspaceSpec {
  const spec = { ...base, ...search };
  for (const name of LOOKS) Reflect.deleteProperty(spec, name);
  return spec;
}

/** The address after a change: a field equal to the view's leaves the address. */
export function withChange(
  base: WorkspaceSpec,
  search: WorkspaceSearch,
  change: Partial<WorkspaceSpec>,
): WorkspaceSearch {
  const next: Record<string, unknown> = { ...search };
  for (const [name, value] of Object.entries(change)) {
    if (JSON.stringify(value) === JSON.stringify(base[name as keyof WorkspaceSpec])) {
      Reflect.deleteProperty(next, name);
    } else next[name] = value;
  }
  return next;
}
