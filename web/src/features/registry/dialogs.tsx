/** Promotion and rollback: each with a reason, each naming what it moves. */

import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type SyntheticEvent } from "react";

import { standingQuery, type ArtifactVersion } from "@/api/artifacts";
import { askApproval, promote, rollBack } from "@/api/registry";
import { toast } from "@/model/toasts";
import { Button, Field, Select, TextArea, TextInput } from "@/widgets/controls";
import { describeError } from "@/widgets/feedback";
import { Dialog } from "@/widgets/overlays";

import type { Where } from "./collection";
import styles from "./registry.module.css";

export function PromoteDialog({
  where,
  rows,
  start,
  approvals,
  protectedAliases,
  onClose,
  onDone,
}: {
  where: Where;
  rows: readonly ArtifactVersion[];
  start: { version: string; alias: string };
  approvals: number;
  protectedAliases: readonly string[];
  onClose: () => void;
  onDone: () => void;
}) {
  const [version, setVersion] = useState(start.version);
  const [alias, setAlias] = useState(start.alias);
  const [reason, setReason] = useState("");
  const asks = approvals > 0 && protectedAliases.includes(alias.trim());
  const standing = useQuery(standingQuery(where.entity, where.project, where.collection));
  const holder = standing.data?.aliases.find((one) => one.alias === alias.trim());
  const move = useMutation({
    mutationFn: async () => {
      const wanted = { version, alias: alias.trim(), reason: reason.trim() };
      if (asks) await askApproval(where.entity, where.project, where.collection, wanted);
      else await promote(where.entity, where.project, where.collection, wanted);
    },
    onSuccess: () => {
      toast(asks ? `Approval was asked for ${version} as ${alias}` : `${alias} now points to ${version}`, { tone: "ok" });
      onDone();
      onClose();
    },
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (reason.trim() !== "" && alias.trim() !== "") move.mutate();
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title={`Promote a version of ${where.collection}`}
      description={
        asks
          ? `'${alias}' is protected: it moves once ${approvals} people approve of exactly this content.`
          : holder
            ? `'${alias}' points to ${holder.version} now; it moves in one step and can be rolled back.`
            : "The alias moves in one step, and can be rolled back."
      }
    >
      <form className={styles["form"]} onSubmit={submit}>
        <Field label="Version">
          <Select
            label="Version"
            options={rows.map((row) => ({ value: row.version, label: `${row.version} · ${row.source}` }))}
            value={version}
            onChoose={setVersion}
          />
        </Field>
        <Field label="To the alias">
          <TextInput value={alias} onChange={(event) => setAlias(event.target.value)} />
        </Field>
        <Field label="Why">
          <TextArea rows={3} value={reason} autoFocus required onChange={(event) => setReason(event.target.value)} />
        </Field>
        <div>
          <Button type="submit" tone="primary" disabled={move.isPending || reason.trim() === "" || alias.trim() === ""}>
            {asks ? "Ask for approval" : `Promote ${version}`}
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}

export function RollbackDialog({ where, alias, onClose, onDone }: { where: Where; alias: string; onClose: () => void; onDone: () => void }) {
  const [reason, setReason] = useState("");
  const back = useMutation({
    mutationFn: () => rollBack(where.entity, where.project, where.collection, { alias, reason: reason.trim() }),
    onSuccess: (version) => {
      toast(`${alias} points to ${version.version} again`, { tone: "ok" });
      onDone();
      onClose();
    },
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (reason.trim() !== "") back.mutate();
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title={`Roll ${alias} back?`}
      description={`'${alias}' of ${where.collection} goes back to the version it pointed to before, in one step. Once more goes one further back.`}
    >
      <form className={styles["form"]} onSubmit={submit}>
        <Field label="Why">
          <TextArea rows={3} value={reason} autoFocus required onChange={(event) => setReason(event.target.value)} />
        </Field>
        <div>
          <Button type="submit" tone="danger" disabled={back.isPending || reason.trim() === ""}>
            Roll back
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}
