/** What a Pareto panel compares: two or three values with their goals, limits, and where to measure from. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";
import { useDeferredValue, useId, useState, type SyntheticEvent } from "react";

import { columnsQuery } from "@/api/runs";
import { columnKey, GOALS, keyLabel, OBJECTIVES_MAX, parseConstraint, type Goal, type ParetoSpec } from "@/model/workspace/pareto";
import { Button, Field, IconButton, Select, TextArea, TextInput } from "@/widgets/controls";

import styles from "./pareto.module.css";

interface Row {
  key: string;
  goal: Goal;
  reference: string;
}

const GOAL_OPTIONS = GOALS.map((goal) => ({ value: goal, label: goal }));
const EMPTY: Row = { key: "", goal: "minimize", reference: "" };

export function ParetoForm({
  entity,
  project,
  spec,
  onDone,
}: {
  entity: string;
  project: string;
  spec: ParetoSpec;
  onDone: (spec: ParetoSpec) => void;
}) {
  const [rows, setRows] = useState<readonly Row[]>(() => {
    const given = spec.objectives.map((one, at) => ({ key: keyLabel(one.key), goal: one.goal, reference: spec.reference?.[at]?.toString() ?? "" }));
    return given.length >= 2 ? given : [...given, EMPTY, EMPTY].slice(0, 2);
  });
  const [limits, setLimits] = useState(spec.constraints.join("\n"));
  const set = (at: number, change: Partial<Row>) => setRows(rows.map((row, i) => (i === at ? { ...row, ...change } : row)));
  const constraints = limits.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const wrong = constraints.find((line) => parseConstraint(line) === null);
  const keys = rows.map((row) => columnKey(row.key));
  const twice = new Set(keys).size < keys.length;
  const references = rows.map((row) => (row.reference.trim() === "" ? null : Number(row.reference)));
  const given = references.filter((one) => one !== null);
  const halfReference = given.length > 0 && (given.length < rows.length || !given.every(Number.isFinite));
  const problem =
    keys.some((key) => key === "") ? "" : twice ? "Each value can be named once." : wrong !== undefined ? `“${wrong}” is no limit. Write NAME < NUMBER.` : halfReference ? "A reference has a number for each value." : "";
  const ready = problem === "" && keys.every((key) => key !== "");
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!ready) return;
    const next: ParetoSpec = { id: spec.id, objectives: rows.map((row, at) => ({ key: keys[at] ?? "", goal: row.goal })), constraints };
    if (given.length === rows.length) next.reference = given;
    onDone(next);
  };
  return (
    <form className={styles["form"]} onSubmit={submit} aria-label="What is compared">
      <fieldset>
        <legend>Values that are to be good at once</legend>
        {rows.map((row, at) => (
          // The rows have no other identity than their place.
          <div key={at} className={styles["row"]}>
            <KeyInput entity={entity} project={project} label={`Value ${at + 1}`} value={row.key} autoFocus={at === 0 && row.key === ""} onChange={(key) => set(at, { key })} />
            <Select label={`Goal of value ${at + 1}`} options={GOAL_OPTIONS} value={row.goal} onChoose={(goal) => set(at, { goal })} />
            <TextInput
              aria-label={`Reference of value ${at + 1}`}
              title="The hypervolume is measured from here; empty: the worst of the runs"
              placeholder="reference: worst"
              inputMode="decimal"
              value={row.reference}
              onChange={(event) => set(at, { reference: event.target.value })}
            />
            {rows.length > 2 && (
              <IconButton small label={`Remove value ${at + 1}`} onClick={() => setRows(rows.filter((_, i) => i !== at))}>
                <X size={14} aria-hidden />
              </IconButton>
            )}
          </div>
        ))}
        {rows.length < OBJECTIVES_MAX && (
          <Button small onClick={() => setRows([...rows, EMPTY])}>
            <Plus size={14} aria-hidden /> A third value
          </Button>
        )}
      </fieldset>
      <Field label="Limits, one a line" hint="latency_p95 < 80; what breaks one is off the front">
        <TextArea rows={2} value={limits} onChange={(event) => setLimits(event.target.value)} />
      </Field>
      <div className={styles["acts"]}>
        <Button type="submit" tone="primary" disabled={!ready}>
          Draw the front
        </Button>
        <span role="status" className={styles["problem"]}>
          {problem}
        </span>
      </div>
    </form>
  );
}

/** A key typed or picked: the project's columns are searched on the server as one types. */
function KeyInput({
  entity,
  project,
  label,
  value,
  autoFocus,
  onChange,
}: {
  entity: string;
  project: string;
  label: string;
  value: string;
  autoFocus: boolean;
  onChange: (key: string) => void;
}) {
  const list = useId();
  const search = useDeferredValue(value.trim().replace(/^(summary|config)\./, ""));
  const columns = useQuery({ ...columnsQuery(entity, project, search), placeholderData: keepPreviousData });
  const known = (columns.data?.columns ?? []).filter((column) => column.kinds.some((kind) => kind === "number" || kind === "integer"));
  return (
    <>
      <TextInput aria-label={label} placeholder="loss, config.lr, duration" list={list} value={value} autoFocus={autoFocus} onChange={(event) => onChange(event.target.value)} />
      <datalist id={list}>
        {known.map((column) => (
          <option key={column.path} value={keyLabel(column.path)} />
        ))}
        <option value="duration" />
      </datalist>
    </>
  );
}
