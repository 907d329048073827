/** Promotions that wait for people: bound to the content that was asked for. */

import { useMutation, useQuery } from "@tanstack/react-query";

import { approvalsQuery, decideApproval, type Approval } from "@/api/registry";
import { toast } from "@/model/toasts";
import { Button } from "@/widgets/controls";
import { describeError } from "@/widgets/feedback";
import { Time } from "@/widgets/values";

import type { Where } from "./collection";
import { Evidence, OtherEvidence } from "./evidence";
import styles from "./registry.module.css";

export function Approvals({ where, onDone }: { where: Where; onDone: () => void }) {
  const found = useQuery(approvalsQuery(where.entity, where.project, where.collection));
  const decide = useMutation({
    mutationFn: ({ approval, approves }: { approval: Approval; approves: boolean }) =>
      decideApproval(where.entity, where.project, where.collection, approval, approves, ""),
    onSuccess: (approval) => {
      toast(approval.state === "done" ? `${approval.alias} was moved` : "Your vote is kept", { tone: "ok" });
      onDone();
      void found.refetch();
    },
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  const open = found.data?.approvals ?? [];
  if (open.length === 0) return null;
  return (
    <section className={styles["section"]} aria-label="Waiting for approval">
      <h2>Waiting for approval</h2>
      {open.map((approval) => {
        const votes = approval.votes.filter((vote) => vote.approves);
        return (
          <div key={approval.id} className={styles["request"]}>
            <div className={styles["bar"]}>
            <strong>{approval.alias}</strong>
            <code title={approval.sha256}>{approval.sha256.slice(0, 12)}</code>
            <span>{approval.reason}</span>
            <span className={styles["quiet"]}>
              asked by {approval.asked_by}, <Time at={approval.at} />; {votes.length} of {approval.needed} approve
              {votes.length > 0 && ` (${votes.map((vote) => vote.by).join(", ")})`}
            </span>
            <Button small tone="primary" disabled={decide.isPending} onClick={() => decide.mutate({ approval, approves: true })}>
              Approve
            </Button>
            <Button small disabled={decide.isPending} onClick={() => decide.mutate({ approval, approves: false })}>
              Reject
            </Button>
            </div>
            <Evidence value={approval.evidence} />
            <OtherEvidence value={approval.evidence} />
          </div>
        );
      })}
    </section>
  );
}
