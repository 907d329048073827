/** Recent deletions of many versions: who asked for what when, what came of it, and undoing it whole. */

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { deletionsQuery, goesOn, type Deletion } from "@/api/retention";
import { formatCount, plural } from "@/base/numbers";
import { askedWords, canUndo, countWords, useDeletionActs } from "@/model/deletions";
import { Button } from "@/widgets/controls";
import { ErrorPanel, Skeleton } from "@/widgets/feedback";
import form from "@/widgets/form-page.module.css";
import { Confirm } from "@/widgets/overlays";
import { Time } from "@/widgets/values";

import styles from "./deletions.module.css";

const STATES: Record<Deletion["state"], string> = { running: "Running", done: "Done", cancelled: "Stopped", undoing: "Being undone", undone: "Undone" };

export function Deletions({ entity, project, writes }: { entity: string; project: string; writes: boolean }) {
  const found = useQuery(deletionsQuery(entity, project));
  const { stop, undo } = useDeletionActs(entity, project);
  const [asked, setAsked] = useState<Deletion | null>(null);
  const busy = stop.isPending || undo.isPending;
  const rows = found.data?.deletions ?? [];
  return (
    <section className={form["section"]} aria-labelledby="deletions">
      <h2 id="deletions">Deletions of many versions</h2>
      {found.error && <ErrorPanel what="The deletions could not be read" error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Skeleton height={60} />}
      {found.isSuccess && rows.length === 0 && <p className={form["quiet"]}>None yet. What is deleted by query, by selection or by a policy that is applied at once shows here, and can be undone whole for 30 days.</p>}
      <ul className={form["list"]}>
        {rows.map((one) => (
          <li key={one.id} className={styles["row"]}>
            <div className={styles["what"]}>
              <span>
                <strong>{STATES[one.state]}</strong>: {askedWords(one)}
              </span>
              <span className={styles["said"]}>
                {countWords(one)}
              </span>
              <span className={styles["said"]}>
                by {one.by}, <Time at={one.created_at} />
                {one.reason !== "" && `: ${one.reason}`}
                {one.undo_at !== null && (
                  <>
                    ; undone by {one.undo_by}, <Time at={one.undo_at} />
                  </>
                )}
              </span>
            </div>
            {goesOn(one) && <progress aria-label={`Deletion ${one.id}`} value={one.scanned} max={Math.max(one.to_scan, 1)} />}
            {writes && goesOn(one) && (
              <Button small disabled={busy} onClick={() => stop.mutate(one.id)}>
                Stop
              </Button>
            )}
            {writes && canUndo(one) && (
              <Button small disabled={busy} aria-label={`Undo deletion ${one.id}`} onClick={() => setAsked(one)}>
                Undo
              </Button>
            )}
          </li>
        ))}
      </ul>
      {found.data?.next !== undefined && found.data.next !== "" && <p className={form["quiet"]}>The last {formatCount(rows.length)}; earlier ones are told by <code>runstone retention deletions</code>.</p>}
      <Confirm
        open={asked !== null}
        onOpenChange={(open) => !open && setAsked(null)}
        title={asked?.state === "running" ? "Stop this deletion and undo it?" : `Restore ${plural(asked?.in_trash ?? 0, "version")}?`}
        action="Undo"
        danger={false}
        onConfirm={() => asked && undo.mutate(asked.id)}
      >
        They come back under their numbers, and latest stands where it stood unless somebody moved it since.
        {asked?.kind === "retention" && " The policies would take them again within the hour: change those first."}
      </Confirm>
    </section>
  );
}
