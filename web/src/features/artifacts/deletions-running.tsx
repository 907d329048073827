/** Deletions of many versions that are going on in the project, and word of those that end meanwhile. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { restoreVersions } from "@/api/artifacts";
import { cancelDeletion, deletionsQuery, type Deletion } from "@/api/retention";
import { formatCount, plural } from "@/base/numbers";
import { asRecord, asString } from "@/base/parse";
import { toast } from "@/model/toasts";
import { Button } from "@/widgets/controls";
import { describeError } from "@/widgets/feedback";

import styles from "./artifacts.module.css";

export function DeletionsRunning({ entity, project, writes }: { entity: string; project: string; writes: boolean }) {
  const found = useQuery(deletionsQuery(entity, project));
  const queryClient = useQueryClient();
  const watched = useRef(new Set<number>());
  const rows = found.data?.deletions;
  useEffect(() => {
    const refresh = () => {
      void queryClient.invalidateQueries({ queryKey: ["versions", entity, project] });
      void queryClient.invalidateQueries({ queryKey: ["collection", entity, project] });
    };
    for (const one of rows ?? []) {
      if (one.state === "running") watched.current.add(one.id);
      else if (watched.current.delete(one.id)) {
        refresh();
        sayEnd(entity, project, one, refresh);
      }
    }
  }, [rows, entity, project, queryClient]);
  const cancel = useMutation({
    mutationFn: (id: number) => cancelDeletion(entity, project, id),
    onSettled: () => queryClient.invalidateQueries({ queryKey: deletionsQuery(entity, project).queryKey }),
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  const running = (rows ?? []).filter((one) => one.state === "running");
  if (running.length === 0) return null;
  return (
    <ul className={styles["running"]} aria-label="Deletions going on">
      {running.map((one) => (
        <li key={one.id}>
          <span role="status">
            Deleting: {plural(one.versions, "version")} gone, {formatCount(one.scanned)} of {formatCount(one.to_scan)} looked at
          </span>
          <progress aria-label={`Deletion ${one.id}`} value={one.scanned} max={Math.max(one.to_scan, 1)} />
          {writes && (
            <Button small disabled={cancel.isPending} onClick={() => cancel.mutate(one.id)}>
              Stop
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

function sayEnd(entity: string, project: string, one: Deletion, refresh: () => void): void {
  const said = `${plural(one.versions, "version")} in the trash${one.state === "cancelled" ? ": stopped" : ""}`;
  const query = asRecord(one.query);
  const ids = (Array.isArray(query?.["ids"]) ? query["ids"] : []).filter((id): id is number => typeof id === "number");
  const collection = asString(query?.["collection"]);
  if (ids.length === 0 || one.versions === 0 || collection === undefined) {
    toast(said, { tone: "ok" });
    return;
  }
  const undo = () =>
    void restoreVersions(entity, project, collection.replace(/\[([[*?])\]/g, "$1"), ids).then(refresh, (error: unknown) =>
      toast(describeError(error).message, { tone: "bad" }),
    );
  toast(said, { action: { label: "Undo", run: undo } });
}
