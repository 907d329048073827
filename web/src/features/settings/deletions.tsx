/** Deletions of many versions: how far each is. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { cancelDeletion, deletionsQuery, type Deletion } from "@/api/retention";
import { formatBytes, plural } from "@/base/numbers";
import { toast } from "@/model/toasts";
import { Button } from "@/widgets/controls";
import { describeError, ErrorPanel } from "@/widgets/feedback";
import form from "@/widgets/form-page.module.css";
import { Time } from "@/widgets/values";

const STATES: Record<Deletion["state"], string> = { running: "running", done: "done", cancelled: "cancelled", undoing: "undoing", undone: "undone" };

export function Deletions({ entity, project, writes }: { entity: string; project: string; writes: boolean }) {
  const found = useQuery(deletionsQuery(entity, project));
  const queryClient = useQueryClient();
  const cancel = useMutation({
    mutationFn: (id: number) => cancelDeletion(entity, project, id),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: deletionsQuery(entity, project).queryKey }),
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  if (found.error) return <ErrorPanel what="The deletions could not be read" error={found.error} onRetry={() => void found.refetch()} />;
  const rows = found.data?.deletions ?? [];
  if (rows.length === 0) return null;
  return (
    <section className={form["section"]} aria-labelledby="deletions">
      <h2 id="deletions">Deletions of many versions</h2>
      <ul className={form["list"]}>
        {rows.map((one) => (
          <li key={one.id}>
            <strong>{one.kind === "retention" ? "By policy" : "By query"}</strong>
            {one.state === "running" ? (
              <progress aria-label={`Deletion ${one.id}`} value={one.scanned} max={Math.max(one.to_scan, 1)} />
            ) : (
              <span>{STATES[one.state]}</span>
            )}
            <span>
              {plural(one.versions, "version")}, {formatBytes(one.bytes)}
            </span>
            <span className={form["quiet"]}>
              by {one.by}, <Time at={one.created_at} />
              {one.reason !== "" && `: ${one.reason}`}
            </span>
            {one.state === "running" && writes && (
              <Button small disabled={cancel.isPending} onClick={() => cancel.mutate(one.id)}>
                Cancel
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
