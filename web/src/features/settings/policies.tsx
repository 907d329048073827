/** Retention policies of a project or an entity: those there are, and a form for one. */

import { Trash2 } from "lucide-react";
import { useState, type SyntheticEvent } from "react";

import type { RetentionPolicy } from "@/api/retention";
import { EMPTY_FORM, formOf, ruleOf, ruleWords, type Rule, type RuleForm } from "@/base/retention";
import { Button, Checkbox, Field, IconButton, Segments, Select, TextInput } from "@/widgets/controls";
import form from "@/widgets/form-page.module.css";

const GOALS = [
  { value: "max", label: "Highest" },
  { value: "min", label: "Lowest" },
] as const;
const PLACES = [
  { value: "run", label: "In the run’s summary" },
  { value: "metadata", label: "In the metadata" },
] as const;

export interface PolicyRow {
  key: string;
  /** what it holds for, in words */
  of: string;
  rule: unknown;
  by: string;
  /** "": every type; null: not to be removed here */
  type: string | null;
}

/** type "": of every type. */
export interface PolicyWanted {
  type: string;
  rule: Rule;
}

export function PolicyList({ rows, onRemove }: { rows: readonly PolicyRow[]; onRemove: ((type: string) => void) | null }) {
  if (rows.length === 0) return <p>No policy: all versions stay.</p>;
  return (
    <ul className={form["list"]} aria-label="Policies">
      {rows.map((row) => (
        <li key={row.key}>
          <strong>{row.of}</strong>
          <span>keeps {ruleWords(row.rule)}</span>
          {row.by !== "" && <span className={form["quiet"]}>by {row.by}</span>}
          {row.type !== null && onRemove && (
            <IconButton small label={`Remove the policy of ${row.of}`} onClick={() => row.type !== null && onRemove(row.type)}>
              <Trash2 size={14} aria-hidden />
            </IconButton>
          )}
        </li>
      ))}
    </ul>
  );
}

/** types: those to choose from; null: any may be typed. onLook: offered where what would go can be told. */
export function PolicyForm({
  policies,
  types,
  onLook,
  onSave,
  onChange,
  busy,
}: {
  policies: readonly RetentionPolicy[];
  types: readonly string[] | null;
  onLook?: (wanted: PolicyWanted) => void;
  onSave: (wanted: PolicyWanted) => void;
  onChange?: () => void;
  busy: boolean;
}) {
  const kept = (type: string) => policies.find((one) => one.type === type)?.rule;
  const [type, setType] = useState("");
  const [values, setValues] = useState<RuleForm>(formOf(kept("")));
  const made = ruleOf(values);
  const wanted = "rule" in made ? { type: type.trim(), rule: made.rule } : null;
  const set = (changed: Partial<RuleForm>) => {
    setValues({ ...values, ...changed });
    onChange?.();
  };
  const choose = (next: string) => {
    setType(next);
    const rule = kept(next.trim());
    // What is typed so far is no choice yet: what was filled in stays then.
    if (rule !== undefined || types !== null) setValues(rule === undefined ? EMPTY_FORM : formOf(rule));
    onChange?.();
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (wanted) onSave(wanted);
  };
  return (
    <form className={form["form"]} onSubmit={submit}>
      {types === null ? (
        <Field label="For artifacts of the type" hint="empty: of every type">
          <TextInput value={type} maxLength={128} onChange={(event) => choose(event.target.value)} />
        </Field>
      ) : (
        <Field label="For artifacts of">
          <Select
            label="For artifacts of"
            options={[{ value: "", label: "Every type" }, ...types.map((one) => ({ value: one, label: one }))]}
            value={type}
            onChoose={choose}
          />
        </Field>
      )}
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
        {onLook && (
          <Button disabled={wanted === null || busy} onClick={() => wanted && onLook(wanted)}>
            See what would go
          </Button>
        )}
        <Button type="submit" tone="primary" disabled={wanted === null || busy}>
          Save the policy
        </Button>
      </div>
    </form>
  );
}
