/** Promotion and rollback: each with a reason, each naming what it moves. */

import { useMutation, useQuery } from "@tanstack/react-query";
import { useId, useState, type SyntheticEvent } from "react";

import { standingQuery, versionQuery, type ArtifactVersion } from "@/api/artifacts";
import { askApproval, promote, rollBack } from "@/api/registry";
import type { ProjectRights } from "@/api/types";
import { toast } from "@/model/toasts";
import { Button, Field, TextArea, TextInput } from "@/widgets/controls";
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
  may,
  onClose,
  onDone,
}: {
  where: Where;
  /** the newest; any other is named */
  rows: readonly ArtifactVersion[];
  start: { version: string; alias: string };
  approvals: number;
  protectedAliases: readonly string[];
  may: ProjectRights;
  onClose: () => void;
  onDone: () => void;
}) {
  const [version, setVersion] = useState(start.version);
  const [alias, setAlias] = useState(start.alias);
  const [reason, setReason] = useState("");
  const list = useId();
  const guarded = protectedAliases.includes(alias.trim());
  const asks = approvals > 0 && guarded;
  const allowed = guarded && !asks ? may.move_protected : may.write;
  const wanted = version.trim();
  const listed = rows.find((row) => row.version === wanted);
  const named = useQuery({ ...versionQuery(where.entity, where.project, `${where.collection}:${wanted}`), enabled: wanted !== "" && !listed });
  const known = listed ?? named.data;
  const standing = useQuery(standingQuery(where.entity, where.project, where.collection));
  const holder = standing.data?.aliases.find((one) => one.alias === alias.trim());
  const move = useMutation({
    mutationFn: async () => {
      const asked = { version: wanted, alias: alias.trim(), reason: reason.trim() };
      if (asks) await askApproval(where.entity, where.project, where.collection, asked);
      else await promote(where.entity, where.project, where.collection, asked);
    },
    onSuccess: () => {
      toast(asks ? `Approval was asked for ${wanted} as ${alias}` : `${alias} now points to ${wanted}`, { tone: "ok" });
      onDone();
      onClose();
    },
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (allowed.allowed && known !== undefined && reason.trim() !== "" && alias.trim() !== "") move.mutate();
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
        <Field
          label="Version"
          hint={named.error ? describeError(named.error).message : known ? `${known.version}, made as ${known.source}` : "v3, an alias, or the beginning of a digest"}
        >
          <TextInput list={list} value={version} aria-invalid={named.error !== null} onChange={(event) => setVersion(event.target.value)} />
        </Field>
        <datalist id={list}>
          {rows.map((row) => (
            <option key={row.version} value={row.version} label={row.source} />
          ))}
        </datalist>
        <Field label="To the alias">
          <TextInput value={alias} onChange={(event) => setAlias(event.target.value)} />
        </Field>
        <Field label="Why">
          <TextArea rows={3} value={reason} autoFocus required onChange={(event) => setReason(event.target.value)} />
        </Field>
        <div>
          <Button type="submit" tone="primary" may={allowed} disabled={!known || move.isPending || reason.trim() === "" || alias.trim() === ""}>
            {asks ? "Ask for approval" : `Promote ${wanted}`}
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
