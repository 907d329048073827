/** Which artifact versions stay: the policies of a project, and what would go by one before it is saved. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { artifactTypesQuery } from "@/api/artifacts";
import {
  applyRetention,
  deletionsQuery,
  previewRetention,
  retentionQuery,
  setRetention,
  type RetentionPolicies,
} from "@/api/retention";
import type { Right } from "@/api/types";
import { toast } from "@/model/toasts";
import { Button } from "@/widgets/controls";
import { describeError, ErrorPanel, Skeleton } from "@/widgets/feedback";
import form from "@/widgets/form-page.module.css";
import { Going } from "@/widgets/going";
import { Confirm } from "@/widgets/overlays";

import { PolicyForm, PolicyList, type PolicyRow, type PolicyWanted } from "./policies";
import styles from "./retention.module.css";

const failed = (error: unknown) => toast(describeError(error).message, { tone: "bad" });

export function Retention({ entity, project, may }: { entity: string; project: string; may: Right }) {
  const found = useQuery(retentionQuery(entity, project));
  const queryClient = useQueryClient();
  const [asked, setAsked] = useState(false);
  const look = useMutation({ mutationFn: () => previewRetention(entity, project, {}), onError: failed });
  const remove = useMutation({
    mutationFn: (type: string) => setRetention(entity, project, type, {}),
    onSuccess: (kept) => {
      queryClient.setQueryData(retentionQuery(entity, project).queryKey, kept);
      toast("The policy is gone", { tone: "ok" });
    },
    onError: failed,
  });
  const apply = useMutation({
    mutationFn: () => applyRetention(entity, project),
    onSuccess: () => {
      look.reset();
      void queryClient.invalidateQueries({ queryKey: deletionsQuery(entity, project).queryKey });
      toast("The policies are being applied", { tone: "ok" });
    },
    onError: failed,
  });
  return (
    <section className={form["section"]} aria-labelledby="retention">
      <h2 id="retention">What is kept of artifact versions</h2>
      <p className={form["quiet"]}>
        Versions beyond a policy go to the trash within the hour, and can be restored for 30 days. Those under an alias beside latest, in a registry,
        linked elsewhere or deployed always stay.
      </p>
      {found.error && <ErrorPanel what="The policies could not be read" error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Skeleton height={80} />}
      {found.data && (
        <>
          <PolicyList rows={rowsOf(found.data)} onRemove={may.allowed ? (type) => remove.mutate(type) : null} />
          <div className={form["row"]}>
            <Button disabled={look.isPending} onClick={() => look.mutate()}>
              See what would go now
            </Button>
            <Button tone="danger" may={may} disabled={apply.isPending} onClick={() => setAsked(true)}>
              Apply now
            </Button>
          </div>
          {look.data && <Going found={look.data} />}
          {may.allowed ? (
            <NewPolicy entity={entity} project={project} policies={found.data} />
          ) : (
            <p className={form["quiet"]}>Admins of {entity} set the policies. {may.reason}</p>
          )}
          <p className={form["quiet"]}>
            What holds for all projects of {entity} is{" "}
            <Link to="/settings" search={{ entity }} hash="entity-retention">
              {may.allowed ? "set" : "seen"} in the settings
            </Link>
            .
          </p>
        </>
      )}
      <Confirm
        open={asked}
        onOpenChange={setAsked}
        title={`Apply the policies of ${project} now?`}
        action="Apply"
        onConfirm={() => apply.mutate()}
      >
        What they do not keep goes to the trash, from where it can be restored for 30 days.
      </Confirm>
    </section>
  );
}

function rowsOf(found: RetentionPolicies): PolicyRow[] {
  return [
    ...found.collections.map((one) => ({ key: `c ${one.name}`, of: one.name, rule: one.rule, by: "", type: null })),
    ...found.project.map((one) => ({ key: `p ${one.type}`, of: one.type === "" ? "This project" : `Type ${one.type}`, rule: one.rule, by: one.by, type: one.type })),
    ...found.entity.map((one) => ({ key: `e ${one.type}`, of: one.type === "" ? "All projects" : `Type ${one.type}, all projects`, rule: one.rule, by: one.by, type: null })),
  ];
}

function NewPolicy({ entity, project, policies }: { entity: string; project: string; policies: RetentionPolicies }) {
  const types = useQuery(artifactTypesQuery(entity, project));
  const queryClient = useQueryClient();
  const look = useMutation({
    mutationFn: ({ type, rule }: PolicyWanted) => previewRetention(entity, project, { type, rule }),
    onError: failed,
  });
  const save = useMutation({
    mutationFn: ({ type, rule }: PolicyWanted) => setRetention(entity, project, type, rule),
    onSuccess: (changed) => {
      queryClient.setQueryData(retentionQuery(entity, project).queryKey, changed);
      look.reset();
      toast("Saved. It is applied within the hour", { tone: "ok" });
    },
    onError: failed,
  });
  return (
    <>
      <h3 className={styles["title"]}>Set a policy</h3>
      <PolicyForm
        policies={policies.project}
        types={(types.data?.types ?? []).map((one) => one.name)}
        onLook={(wanted) => look.mutate(wanted)}
        onSave={(wanted) => save.mutate(wanted)}
        onChange={() => look.reset()}
        busy={look.isPending || save.isPending}
      />
      {look.data && <Going found={look.data} />}
    </>
  );
}
