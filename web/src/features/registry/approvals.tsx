/** Promotions that wait for people: bound to the content that was asked for. */

import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type SyntheticEvent } from "react";

import { meQuery } from "@/api/me";
import { approvalsQuery, decideApproval, type Approval } from "@/api/registry";
import type { Right } from "@/api/types";
import { toast } from "@/model/toasts";
import { Button, Field, TextArea } from "@/widgets/controls";
import { CopyButton, describeError, ErrorPanel } from "@/widgets/feedback";
import { Dialog } from "@/widgets/overlays";
import { Time } from "@/widgets/values";

import type { Where } from "./collection";
import { Evidence, OtherEvidence } from "./evidence";
import styles from "./registry.module.css";

interface Deciding {
  approval: Approval;
  approves: boolean;
}

const OWN: Right = { allowed: false, reason: "You asked for it: another person approves." };

export function Approvals({ where, type, may, onDone }: { where: Where; type: string; may: Right; onDone: () => void }) {
  const found = useQuery(approvalsQuery(where.entity, where.project, where.collection));
  const me = useQuery(meQuery);
  const [deciding, setDeciding] = useState<Deciding | null>(null);
  const open = found.data?.approvals ?? [];
  if (found.error) return <ErrorPanel what="The requests could not be read" error={found.error} onRetry={() => void found.refetch()} />;
  if (open.length === 0) return null;
  return (
    <section className={styles["section"]} aria-label="Waiting for approval">
      <h2>Waiting for approval</h2>
      {open.map((approval) => {
        const votes = approval.votes.filter((vote) => vote.approves);
        const own = approval.asked_by === me.data?.username;
        return (
          <div key={approval.id} className={styles["request"]}>
            <div className={styles["bar"]}>
              <strong>
                {approval.version === "" ? (
                  "a version that is gone"
                ) : (
                  <Link
                    to="/$entity/$project/artifacts/$type/$collection/$version"
                    params={{ entity: where.entity, project: where.project, type, collection: where.collection, version: approval.version }}
                  >
                    {approval.version}
                  </Link>
                )}
                {" → "}
                {approval.alias}
              </strong>
              <span className={styles["digest"]}>
                <code title={approval.sha256}>{approval.sha256.slice(0, 12)}</code>
                <CopyButton text={approval.sha256} label={`Copy the digest of ${approval.version}`} />
              </span>
              <span className={styles["gap"]} />
              <span className={styles["decide"]}>
                <Button
                  small
                  tone="primary"
                  may={may.allowed && own ? OWN : may}
                  onClick={() => setDeciding({ approval, approves: true })}
                >
                  Approve…
                </Button>
                <Button small may={may} onClick={() => setDeciding({ approval, approves: false })}>
                  Reject…
                </Button>
              </span>
            </div>
            <div>{approval.reason}</div>
            <div className={styles["quiet"]}>
              asked by {approval.asked_by}, <Time at={approval.at} />; {votes.length} of {approval.needed} approve
              {votes.length > 0 && ` (${votes.map((vote) => vote.by).join(", ")})`}
              {own && "; another person approves"}
            </div>
            <Evidence value={approval.evidence} />
            <OtherEvidence value={approval.evidence} />
          </div>
        );
      })}
      {deciding && (
        <Decision
          where={where}
          deciding={deciding}
          onClose={() => setDeciding(null)}
          onDone={() => {
            setDeciding(null);
            onDone();
            void found.refetch();
          }}
        />
      )}
    </section>
  );
}

function Decision({ where, deciding, onClose, onDone }: { where: Where; deciding: Deciding; onClose: () => void; onDone: () => void }) {
  const { approval, approves } = deciding;
  const [comment, setComment] = useState("");
  const decide = useMutation({
    mutationFn: () => decideApproval(where.entity, where.project, where.collection, approval, approves, comment.trim()),
    onSuccess: (decided) => {
      toast(decided.state === "done" ? `${decided.alias} was moved` : decided.state === "rejected" ? "The request is rejected" : "Your vote is kept", {
        tone: "ok",
      });
      onDone();
    },
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  const last = approval.votes.filter((vote) => vote.approves).length + 1 >= approval.needed;
  const what = `${approval.version} of ${where.collection}`;
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (approves || comment.trim() !== "") decide.mutate();
  };
  return (
    <Dialog
      open
      onOpenChange={(next) => {
        if (!next) onClose();
      }}
      title={approves ? `Approve ${what} as ${approval.alias}?` : `Reject ${what} as ${approval.alias}?`}
      description={
        approves
          ? last
            ? `'${approval.alias}' moves to exactly the content that you looked at, at once.`
            : "Your word is kept; others are still needed."
          : "The request is closed. Whoever asked may ask anew."
      }
    >
      <form className={styles["form"]} onSubmit={submit}>
        <Field label={approves ? "Comment" : "Why"} hint="kept in the audit log">
          <TextArea rows={3} value={comment} autoFocus required={!approves} onChange={(event) => setComment(event.target.value)} />
        </Field>
        <div>
          <Button type="submit" tone={approves ? "primary" : "danger"} disabled={decide.isPending || (!approves && comment.trim() === "")}>
            {approves ? "Approve" : "Reject"}
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}
