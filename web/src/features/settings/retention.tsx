/** Which artifact versions stay: the policies of a project, and what would go by one before it is saved. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { useState, type SyntheticEvent } from "react";

import { artifactTypesQuery } from "@/api/artifacts";
import {
  applyRetention,
  deletionsQuery,
  previewRetention,
  retentionQuery,
  setRetention,
  type RetentionPolicies,
} from "@/api/retention";
import { EMPTY_FORM, formOf, ruleOf, ruleWords, type RuleForm } from "@/base/retention";
import { toast } from "@/model/toasts";
import { Button, Checkbox, Field, IconButton, Segments, Select, TextInput } from "@/widgets/controls";
import { describeError, ErrorPanel, Skeleton } from "@/widgets/feedback";
import form from "@/widgets/form-page.module.css";
import { Going } from "@/widgets/going";
import { Confirm } from "@/widgets/overlays";

import styles from "./retention.module.css";

const GOALS = [
  { value: "max", label: "Highest" },
  { value: "min", label: "Lowest" },
] as const;
const PLACES = [
  { value: "run", label: "In the run’s summary" },
  { value: "metadata", label: "In the metadata" },
] as const;

const failed = (error: unknown) => toast(describeError(error).message, { tone: "bad" });

export function Retention({ entity, project, admin }: { entity: string; project: string; admin: boolean }) {
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
          <PolicyList found={found.data} onRemove={admin ? (type) => remove.mutate(type) : null} />
          <div className={form["row"]}>
            <Button disabled={look.isPending} onClick={() => look.mutate()}>
              See what would go now
            </Button>
            {admin && (
              <Button tone="danger" disabled={apply.isPending} onClick={() => setAsked(true)}>
                Apply now
              </Button>
            )}
          </div>
          {look.data && <Going found={look.data} />}
          {admin ? (
            <NewPolicy entity={entity} project={project} policies={found.data} />
          ) : (
            <p className={form["quiet"]}>Admins of {entity} set the policies.</p>
          )}
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

function PolicyList({ found, onRemove }: { found: RetentionPolicies; onRemove: ((type: string) => void) | null }) {
  const rows = [
    ...found.collections.map((one) => ({ key: `c ${one.name}`, of: one.name, rule: one.rule, by: "", type: null })),
    ...found.project.map((one) => ({ key: `p ${one.type}`, of: one.type === "" ? "This project" : `Type ${one.type}`, rule: one.rule, by: one.by, type: one.type })),
    ...found.entity.map((one) => ({ key: `e ${one.type}`, of: one.type === "" ? "All projects" : `Type ${one.type}, all projects`, rule: one.rule, by: one.by, type: null })),
  ];
  if (rows.length === 0) return <p>No policy: all versions stay.</p>;
  return (
    <ul className={form["list"]} aria-label="Policies">
      {rows.map((row) => (
        <li key={row.key}>
          <strong>{row.of}</strong>
          <span>keeps {ruleWords(row.rule)}</span>
          {row.by !== "" && <span className={form["quiet"]}>by {row.by}</span>}
          {row.type !== null && onRemove && (
            <IconButton small label={`Remove the policy of ${row.of}`} onClick={() => onRemove(row.type)}>
              <Trash2 size={14} aria-hidden />
            </IconButton>
          )}
        </li>
      ))}
    </ul>
  );
}

function NewPolicy({ entity, project, policies }: { entity: string; project: string; policies: RetentionPolicies }) {
  const types = useQuery(artifactTypesQuery(entity, project));
  const kept = (type: string) => policies.project.find((one) => one.type === type)?.rule;
  const [type, setType] = useState("");
  const [values, setValues] = useState<RuleForm>(formOf(kept("")));
  const queryClient = useQueryClient();
  const made = ruleOf(values);
  const look = useMutation({
    mutationFn: () => ("rule" in made ? previewRetention(entity, project, { type, rule: made.rule }) : Promise.reject(new Error(made.problem))),
    onError: failed,
  });
  const save = useMutation({
    mutationFn: () => ("rule" in made ? setRetention(entity, project, type, made.rule) : Promise.reject(new Error(made.problem))),
    onSuccess: (changed) => {
      queryClient.setQueryData(retentionQuery(entity, project).queryKey, changed);
      look.reset();
      toast("Saved. It is applied within the hour", { tone: "ok" });
    },
    onError: failed,
  });
  const set = (changed: Partial<RuleForm>) => {
    setValues({ ...values, ...changed });
    look.reset();
  };
  const choose = (next: string) => {
    setType(next);
    setValues(kept(next) ? formOf(kept(next)) : EMPTY_FORM);
    look.reset();
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <>
      <h3 className={styles["title"]}>Set a policy</h3>
      <form className={form["form"]} onSubmit={submit}>
        <Field label="For artifacts of">
          <Select
            label="For artifacts of"
            options={[{ value: "", label: "Every type" }, ...(types.data?.types ?? []).map((one) => ({ value: one.name, label: one.name }))]}
            value={type}
            onChoose={choose}
          />
        </Field>
        <Field label="Keep the last" hint="of each artifact; how many">
          <TextInput inputMode="numeric" value={values.last} onChange={(event) => set({ last: event.target.value })} />
        </Field>
        <Field label="Keep the best" hint="how many">
          <TextInput inputMode="numeric" value={values.best} onChange={(event) => set({ best: event.target.value })} />
        </Field>
        <Field label="by this metric">
          <TextInput value={values.metric} placeholder="val/loss" onChange={(event) => set({ metric: event.target.value })} />
        </Field>
        <div className={form["row"]}>
          <Segments label="The best is the" options={GOALS} value={values.goal} onChoose={(goal) => set({ goal })} />
          <Segments label="Where the metric lies" options={PLACES} value={values.of} onChoose={(of) => set({ of })} />
        </div>
        <Field label="The others go after so many days" hint="empty: at once, or never where nothing else is said">
          <TextInput inputMode="decimal" value={values.days} onChange={(event) => set({ days: event.target.value })} />
        </Field>
        <Checkbox label="Keep what a run used" checked={values.keepUsed} onChange={(event) => set({ keepUsed: event.target.checked })} />
        {"problem" in made && <p className={form["quiet"]}>{made.problem}</p>}
        <div className={form["row"]}>
          <Button disabled={"problem" in made || look.isPending} onClick={() => look.mutate()}>
            See what would go
          </Button>
          <Button type="submit" tone="primary" disabled={"problem" in made || save.isPending}>
            Save the policy
          </Button>
        </div>
      </form>
      {look.data && <Going found={look.data} />}
    </>
  );
}
