/** Deletions of many versions: what they asked for and what came of them in words; stopping and undoing them. */

import { useMutation, useQueryClient } from "@tanstack/react-query";

import { cancelDeletion, deletionsQuery, goesOn, undoDeletion, type Deletion } from "@/api/retention";
import { formatBytes, formatCount, plural } from "@/base/numbers";
import { asNumber, asRecord, asString } from "@/base/parse";
import { absoluteTime } from "@/base/time";

import { toast } from "./toasts";

/** What was to go: `net-*, tagged draft, but the newest 3`. */
export function askedWords(one: Deletion): string {
  if (one.kind === "retention") return "what the policies do not keep";
  const query = asRecord(one.query) ?? {};
  const words: string[] = [];
  const collection = asString(query["collection"]);
  if (collection) words.push(collection.replace(/\[([[*?])\]/g, "$1"));
  const type = asString(query["type"]);
  if (type) words.push(`of type ${type}`);
  const tag = asString(query["tag"]);
  if (tag) words.push(`tagged ${tag}`);
  for (const found of Array.isArray(query["metadata"]) ? query["metadata"] : []) {
    const condition = asRecord(found);
    const value = condition?.["value"];
    const shown = value === null || value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
    if (condition) words.push(`${asString(condition["path"]) ?? ""} ${asString(condition["op"]) ?? ""} ${shown}`.trim());
  }
  const before = asNumber(query["created_before"]);
  if (before !== undefined) words.push(`made before ${absoluteTime(before)}`);
  const last = asNumber(query["keep_last"]) ?? 0;
  if (last > 0) words.push(`but the newest ${formatCount(last)}`);
  if (query["unaliased"] === true) words.push("without any alias");
  if (query["keep_used"] === true) words.push("that no run used");
  const ids = query["ids"];
  if (Array.isArray(ids)) words.push(`${plural(ids.length, "version")} selected`);
  return words.join(", ") || "every version";
}

/** What came of it so far: `13 versions of 2 MiB deleted; 9 restored, 4 gone for good`. */
export function countWords(one: Deletion): string {
  const rest: string[] = [];
  if (one.restored > 0) rest.push(`${formatCount(one.restored)} restored`);
  if (one.purged > 0) rest.push(`${formatCount(one.purged)} gone for good`);
  if (one.in_trash > 0 && rest.length > 0) rest.push(`${formatCount(one.in_trash)} in the trash`);
  return `${plural(one.versions, "version")} of ${formatBytes(one.bytes)} deleted${rest.length > 0 ? `; ${rest.join(", ")}` : ""}`;
}

/** How an undo ended, with what it could not bring back and why. */
export function undoneWords(one: Deletion): string {
  const words = [`${plural(one.restored, "version")} restored`];
  if (one.purged > 0) words.push(`${formatCount(one.purged)} were gone for good`);
  if (one.in_trash > 0) {
    words.push(one.state === "undone" ? `${formatCount(one.in_trash)} wait in the trash for their artifact: restore it, and undo again` : `${formatCount(one.in_trash)} are still in the trash`);
  }
  return words.join("; ");
}

/** There is something that an undo would bring back, or stop. */
export function canUndo(one: Deletion): boolean {
  return one.state === "running" || (!goesOn(one) && one.in_trash > 0);
}

export function useDeletionActs(entity: string, project: string) {
  const queryClient = useQueryClient();
  const { queryKey } = deletionsQuery(entity, project);
  const onSettled = () => queryClient.invalidateQueries({ queryKey });
  const onError = (error: Error) => toast(error.message, { tone: "bad" });
  const stop = useMutation({ mutationFn: (id: number) => cancelDeletion(entity, project, id), onSettled, onError });
  const undo = useMutation({
    mutationFn: (id: number) => undoDeletion(entity, project, id),
    onSuccess: (begun) => {
      // Known as begun even if it is over before it is asked for again: its end is told then.
      queryClient.setQueryData(queryKey, (old) =>
        old ? { ...old, deletions: old.deletions.map((one) => (one.id === begun.id ? { ...begun, state: "undoing" as const } : one)) } : old,
      );
    },
    onSettled,
    onError,
  });
  return { stop, undo };
}
