/** What the feed said, spread to whoever draws it. Outside React: hundreds of events a second are possible. */

import { create } from "zustand";

import type { FeedState } from "@/api/feed/source";
import type { FeedEvent } from "@/api/types";

export const useFeedState = create<{ state: FeedState }>(() => ({ state: "reconnecting" }));

/** Events of one project; null when something may have been missed and all should be read again. */
export type ProjectListener = (events: FeedEvent[] | null) => void;

const listeners = new Map<string, Set<ProjectListener>>();
const changedAt = new Map<string, number>();
let allChangedAt = 0;

const keyOf = (entity: string, project: string, run = "") => `${entity}\n${project}\n${run}`;

export function onProject(entity: string, project: string, listener: ProjectListener): () => void {
  const key = keyOf(entity, project);
  const set = listeners.get(key) ?? new Set();
  listeners.set(key, set.add(listener));
  return () => {
    set.delete(listener);
    if (set.size === 0) listeners.delete(key);
  };
}

export function tell(events: FeedEvent[]): void {
  const now = Date.now();
  const byProject = new Map<string, FeedEvent[]>();
  for (const event of events) {
    if (event.run === "") allChangedAt = now;
    else if (event.kind === "rows") changedAt.set(keyOf(event.entity, event.project, event.run), now);
    const key = keyOf(event.entity, event.project);
    const list = byProject.get(key);
    if (list) list.push(event);
    else byProject.set(key, [event]);
  }
  for (const [key, list] of byProject) {
    // A fallen-behind reader gets one event of kind "project" without a run: read all again.
    const all = list.some((event) => event.kind === "project" && event.run === "");
    for (const listener of [...(listeners.get(key) ?? [])]) listener(all ? null : list);
  }
}

export function tellAll(): void {
  allChangedAt = Date.now();
  for (const set of [...listeners.values()]) for (const listener of [...set]) listener(null);
}

/** Whether rows of these runs arrived since (a panel coming back on screen re-reads only then). */
export function changedSince(entity: string, project: string, runs: readonly string[], at: number): boolean {
  if (allChangedAt > at) return true;
  return runs.some((run) => (changedAt.get(keyOf(entity, project, run)) ?? 0) > at);
}
