/** Into a registry from here: which trial, which of its artifacts, to which collection and alias. */

import { useInfiniteQuery, useMutation, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useId, useState, type SyntheticEvent } from "react";

import { collectionsQuery } from "@/api/artifacts";
import { meQuery } from "@/api/me";
import { askApprovalFromSweep, promotableQuery, promoteFromSweep, type Promotable } from "@/api/promotion";
import { registriesQuery, type Registry } from "@/api/registry";
import type { Sweep } from "@/api/sweeps";
import { formatNumber, plural } from "@/base/numbers";
import { sweepEvidence } from "@/model/evidence";
import { toast } from "@/model/toasts";
import { Button, Checkbox, Field, Segments, Select, TextArea, TextInput } from "@/widgets/controls";
import { describeError, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Dialog } from "@/widgets/overlays";

import styles from "./sweeps.module.css";

const RANKINGS = [
  { value: "robust", label: "Best over its repeats" },
  { value: "single", label: "Best single trial" },
] as const;

/** `trial`: this one rather than the best. */
export function PromoteFromSweep({ sweep, trial, onClose }: { sweep: Sweep; trial?: number | undefined; onClose: () => void }) {
  const [ranking, setRanking] = useState<"robust" | "single">("robust");
  const [artifact, setArtifact] = useState("");
  const asked = { robust: ranking === "robust", ...(trial !== undefined && { trial }) };
  const found = useQuery(promotableQuery(sweep.entity, sweep.project, sweep.id, asked));
  const me = useQuery(meQuery);
  const organizations = me.data?.entities.filter((one) => one.kind === "organization") ?? [];
  const answers = useQueries({ queries: organizations.map((one) => registriesQuery(one.name)) });
  const registries = answers.flatMap((answer) => answer.data?.registries ?? []);
  const waiting = me.isPending || answers.some((answer) => answer.isPending);
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title={trial === undefined ? `Promote the best of ${sweep.name}` : `Promote trial ${trial} of ${sweep.name}`}
      description="The trial’s artifact is linked into a registry’s collection, with this sweep as the evidence for it."
    >
      {trial === undefined && sweep.repeats > 1 && (
        <Segments label="Ranking" options={RANKINGS} value={ranking} onChoose={setRanking} />
      )}
      {found.error && <ErrorPanel what="There is no trial to promote" error={found.error} onRetry={() => void found.refetch()} />}
      {(found.isPending || waiting) && !found.error && <Skeleton height={160} />}
      {found.data && !waiting && (
        <>
          <Chosen found={found.data} artifact={artifact} onArtifact={setArtifact} />
          {found.data.artifacts.length > 0 &&
            (registries.length === 0 ? (
              <p>
                You may see no registry yet. <Link to="/registry" style={{ textDecoration: "underline" }}>Make one</Link>, then come back.
              </p>
            ) : (
              <Target
                key={registries.length}
                sweep={sweep}
                found={found.data}
                registries={registries}
                wanted={{ robust: asked.robust, ...(trial !== undefined && { trial }), artifact: artifactOf(found.data, artifact) }}
                onClose={onClose}
              />
            ))}
        </>
      )}
    </Dialog>
  );
}

function artifactOf(found: Promotable, chosen: string): string {
  return found.artifacts.some((one) => one.name === chosen) ? chosen : (found.artifacts[0]?.name ?? "");
}

function Chosen({ found, artifact, onArtifact }: { found: Promotable; artifact: string; onArtifact: (name: string) => void }) {
  const evidence = sweepEvidence(found.evidence);
  return (
    <div className={styles["form"]}>
      <p style={{ margin: 0 }}>
        Trial {found.trial}, run <code>{found.run || "none"}</code>:{" "}
        {evidence?.objectives.map((one) => `${one.name} ${one.value === null ? "none" : formatNumber(one.value, 5)}`).join(", ")}
        {evidence && `; ${evidence.rule}, ${evidence.rank} of ${plural(evidence.of, "combination")}`}.
      </p>
      {!found.feasible && <p style={{ margin: 0, color: "var(--bad)" }}>It breaks a constraint of the sweep.</p>}
      {found.artifacts.length === 0 && (
        <p role="alert" style={{ margin: 0, color: "var(--bad)" }}>
          {found.problem}
        </p>
      )}
      {found.artifacts.length > 0 && (
        <Field label="Artifact">
          <Select
            label="Artifact"
            options={found.artifacts.map((one) => ({ value: one.name, label: `${one.name}  (${one.type})` }))}
            value={artifactOf(found, artifact)}
            onChoose={onArtifact}
          />
        </Field>
      )}
    </div>
  );
}

function Target({
  sweep,
  found,
  registries,
  wanted,
  onClose,
}: {
  sweep: Sweep;
  found: Promotable;
  registries: readonly Registry[];
  wanted: { robust: boolean; trial?: number; artifact: string };
  onClose: () => void;
}) {
  const list = useId();
  const [place, setPlace] = useState(nameOf(registries[0]));
  const [collection, setCollection] = useState(wanted.artifact.split(":")[0] ?? "");
  const [alias, setAlias] = useState("candidate");
  const [reason, setReason] = useState("");
  const [force, setForce] = useState(false);
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const registry = registries.find((one) => nameOf(one) === place) ?? registries[0];
  const known = useInfiniteQuery({ ...collectionsQuery(registry?.organization ?? "", registry?.project ?? "", {}), enabled: registry !== undefined });
  const guarded = registry?.protected_aliases.includes(alias.trim()) === true;
  const asks = guarded && registry.approvals_needed > 0;
  const may = guarded && !asks ? registry.may.move_protected : registry?.may.write;
  const move = useMutation({
    mutationFn: async () => {
      const body = {
        organization: registry?.organization ?? "",
        registry: registry?.name ?? "",
        collection: collection.trim(),
        alias: alias.trim(),
        reason: reason.trim(),
        force,
        ...wanted,
      };
      if (asks) {
        await askApprovalFromSweep(sweep.entity, sweep.project, sweep.id, body);
        return `Approval was asked for ${body.alias} of ${body.collection}`;
      }
      const done = await promoteFromSweep(sweep.entity, sweep.project, sweep.id, body);
      return `${done.alias} of ${body.collection} now points to ${done.artifact.version}`;
    },
    onSuccess: (said) => {
      void queryClient.invalidateQueries({ queryKey: ["approvals", registry?.organization, registry?.project] });
      void queryClient.invalidateQueries({ queryKey: ["collections", registry?.organization, registry?.project] });
      void queryClient.invalidateQueries({ queryKey: ["alias-moves", registry?.organization, registry?.project] });
      void queryClient.invalidateQueries({ queryKey: ["versions", registry?.organization, registry?.project] });
      const at = { organization: registry?.organization ?? "", registry: registry?.name ?? "", collection: collection.trim() };
      toast(said, {
        tone: "ok",
        action: { label: "See it", run: () => void navigate({ to: "/registry/$organization/$registry/$collection", params: at }) },
      });
      onClose();
    },
  });
  const hint = !guarded
    ? undefined
    : registry.approvals_needed > 0
      ? `Protected: it moves once ${plural(registry.approvals_needed, "person has", "people have")} approved of exactly this content. They are shown this sweep.`
      : "Protected: admins of the registry move it.";
  const ready = collection.trim() !== "" && alias.trim() !== "" && (!force || reason.trim() !== "") && (found.feasible || force);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (may?.allowed === true && ready && !move.isPending) move.mutate();
  };
  return (
    <form className={styles["form"]} onSubmit={submit}>
      <Field label="Registry">
        <Select label="Registry" options={registries.map((one) => ({ value: nameOf(one), label: nameOf(one) }))} value={place} onChoose={setPlace} />
      </Field>
      <Field label="Collection" hint="Made if it is not there">
        <TextInput list={list} value={collection} autoFocus onChange={(event) => setCollection(event.target.value)} />
      </Field>
      <datalist id={list}>
        {known.data?.pages.flatMap((page) => page.collections).map((one) => <option key={one.name} value={one.name} />)}
      </datalist>
      <Field label="Alias" hint={hint}>
        <TextInput value={alias} onChange={(event) => setAlias(event.target.value)} />
      </Field>
      <Field label="Why">
        <TextArea rows={2} value={reason} placeholder="What the ranking says, unless you say more" onChange={(event) => setReason(event.target.value)} />
      </Field>
      <Checkbox
        label="Although it breaks a constraint, or its model has no traceable past (say why)"
        checked={force}
        onChange={(event) => setForce(event.target.checked)}
      />
      {move.error && (
        <p role="alert" style={{ margin: 0, color: "var(--bad)" }}>
          {describeError(move.error).message}
        </p>
      )}
      <div style={{ display: "flex", gap: 8 }}>
        <Button type="submit" tone="primary" may={may} disabled={!ready || move.isPending}>
          {asks ? "Ask for approval" : "Promote"}
        </Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
    </form>
  );
}

function nameOf(registry: Registry | undefined): string {
  return registry ? `${registry.organization}/${registry.name}` : "";
}
