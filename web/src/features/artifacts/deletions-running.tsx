/** Deletions of many versions, and undoing them, that go on in the project, and word of those that end meanwhile. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { deletionsQuery, goesOn } from "@/api/retention";
import { formatCount, plural } from "@/base/numbers";
import { canUndo, undoneWords, useDeletionActs } from "@/model/deletions";
import { toast } from "@/model/toasts";
import { Button } from "@/widgets/controls";

import styles from "./artifacts.module.css";

export function DeletionsRunning({ entity, project, writes }: { entity: string; project: string; writes: boolean }) {
  const found = useQuery(deletionsQuery(entity, project));
  const queryClient = useQueryClient();
  const watched = useRef(new Set<number>());
  const rows = found.data?.deletions;
  const { stop, undo } = useDeletionActs(entity, project);
  const begin = undo.mutate;
  useEffect(() => {
    for (const one of rows ?? []) {
      if (goesOn(one)) {
        watched.current.add(one.id);
        continue;
      }
      if (!watched.current.delete(one.id)) continue;
      void queryClient.invalidateQueries({ queryKey: ["versions", entity, project] });
      void queryClient.invalidateQueries({ queryKey: ["collection", entity, project] });
      if (one.undo_at !== null) toast(undoneWords(one), { tone: "ok" });
      else {
        const said = `${plural(one.versions, "version")} in the trash${one.state === "cancelled" ? ": stopped" : ""}`;
        toast(said, writes && canUndo(one) ? { action: { label: "Undo", run: () => begin(one.id) } } : { tone: "ok" });
      }
    }
  }, [rows, entity, project, queryClient, writes, begin]);
  const going = (rows ?? []).filter(goesOn);
  if (going.length === 0) return null;
  const busy = stop.isPending || undo.isPending;
  return (
    <ul className={styles["running"]} aria-label="Deletions going on">
      {going.map((one) => (
        <li key={one.id}>
          <span role="status">
            {one.state === "running"
              ? `Deleting: ${plural(one.versions, "version")} gone, ${formatCount(one.scanned)} of ${formatCount(one.to_scan)} looked at`
              : `Undoing: ${formatCount(one.restored)} of ${plural(one.versions, "version")} restored`}
          </span>
          <progress aria-label={`Deletion ${one.id}`} value={one.scanned} max={Math.max(one.to_scan, 1)} />
          {writes && (
            <>
              <Button small disabled={busy} onClick={() => stop.mutate(one.id)}>
                Stop
              </Button>
              {canUndo(one) && (
                <Button small disabled={busy} onClick={() => begin(one.id)}>
                  Undo
                </Button>
              )}
            </>
          )}
        </li>
      ))}
    </ul>
  );
}
