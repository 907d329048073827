/** What is kept of artifact versions in all projects of an entity that say nothing else. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { entityRetentionQuery, setEntityRetention } from "@/api/retention";
import type { Me } from "@/api/types";
import type { Rule } from "@/base/retention";
import { useEntityRights } from "@/model/may";
import { toast } from "@/model/toasts";
import { Field, Select } from "@/widgets/controls";
import { describeError, ErrorPanel, Skeleton } from "@/widgets/feedback";
import form from "@/widgets/form-page.module.css";
import { Confirm } from "@/widgets/overlays";

import { PolicyForm, PolicyList } from "./policies";
import styles from "./retention.module.css";

const failed = (error: unknown) => toast(describeError(error).message, { tone: "bad" });

export function EntityRetention({ me, entity, onEntity }: { me: Me; entity: string | undefined; onEntity: (name: string) => void }) {
  const names = me.entities.map((one) => one.name);
  const chosen = entity ?? me.default_entity;
  // A server admin may come from a project of an entity that is not one of theirs.
  const options = [...new Set([...names, chosen])].map((name) => ({ value: name, label: name }));
  return (
    <section className={form["section"]} aria-labelledby="entity-retention">
      <h2 id="entity-retention">What is kept of artifact versions</h2>
      <p className={form["quiet"]}>
        The defaults of an account, team or organisation hold for all its projects that say nothing else. What a project or an artifact says comes
        first.
      </p>
      <Field label="All projects of">
        <Select label="All projects of" options={options} value={chosen} onChoose={onEntity} />
      </Field>
      <Policies key={chosen} entity={chosen} />
    </section>
  );
}

function Policies({ entity }: { entity: string }) {
  const found = useQuery(entityRetentionQuery(entity));
  const queryClient = useQueryClient();
  const may = useEntityRights(entity).manage;
  const [leaving, setLeaving] = useState<string | null>(null);
  const change = useMutation({
    mutationFn: ({ type, rule }: { type: string; rule: Rule | Record<string, never> }) => setEntityRetention(entity, type, rule),
    onSuccess: (kept, { rule }) => {
      queryClient.setQueryData(entityRetentionQuery(entity).queryKey, kept);
      void queryClient.invalidateQueries({ queryKey: ["retention", entity] });
      toast(Object.keys(rule).length === 0 ? "The default is gone" : "Saved. It is applied within the hour", { tone: "ok" });
    },
    onError: failed,
  });
  if (found.error) return <ErrorPanel what="The defaults could not be read" error={found.error} onRetry={() => void found.refetch()} />;
  if (!found.data) return <Skeleton height={80} />;
  const words = (type: string) => (type === "" ? "Every type" : `Type ${type}`);
  return (
    <>
      <PolicyList
        rows={found.data.policies.map((one) => ({ key: one.type, of: words(one.type), rule: one.rule, by: one.by, type: one.type }))}
        onRemove={may.allowed ? setLeaving : null}
      />
      {may.allowed ? (
        <>
          <h3 className={styles["title"]}>Set a default of {entity}</h3>
          <PolicyForm policies={found.data.policies} types={null} onSave={(wanted) => change.mutate(wanted)} busy={change.isPending} />
        </>
      ) : (
        <p className={form["quiet"]}>Admins of {entity} set the defaults. {may.reason}</p>
      )}
      <Confirm
        open={leaving !== null}
        onOpenChange={(open) => {
          if (!open) setLeaving(null);
        }}
        title={`Remove the default of ${words(leaving ?? "").toLowerCase()} in ${entity}?`}
        action="Remove the default"
        onConfirm={() => {
          if (leaving !== null) change.mutate({ type: leaving, rule: {} });
        }}
      >
        Versions that it does not keep stay from now on, unless their project or artifact says otherwise.
      </Confirm>
    </>
  );
}
