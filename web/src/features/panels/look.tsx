/** How lines are looked at: x axis, smoothing. The same controls for the bar and for one panel. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { Check, ChevronDown } from "lucide-react";
import { useId, useState } from "react";

import { keysQuery } from "@/api/keys";
import { AMOUNTS, SMOOTHINGS, type Smoothing, type SmoothingKind } from "@/base/smoothing";
import { Button, SearchInput, Select } from "@/widgets/controls";
import { Popover } from "@/widgets/overlays";
import picks from "@/widgets/picks.module.css";

import { X_AXES, xLabel } from "./axis";
import styles from "./look.module.css";

export function XAxisPicker({
  entity,
  project,
  value,
  onChoose,
}: {
  entity: string;
  project: string;
  value: string;
  onChoose: (x: string) => void;
}) {
  const [open, setOpen] = useState(false);
  const choose = (x: string) => {
    onChoose(x);
    setOpen(false);
  };
  return (
    <Popover
      label="X axis"
      width={280}
      open={open}
      onOpenChange={setOpen}
      trigger={
        <Button title="X axis of all panels">
          <span className={styles["name"]}>X: {xLabel(value)}</span>
          <ChevronDown size={14} aria-hidden />
        </Button>
      }
    >
      <XAxisList entity={entity} project={project} value={value} onChoose={choose} />
    </Popover>
  );
}

export function XAxisList({
  entity,
  project,
  value,
  onChoose,
}: {
  entity: string;
  project: string;
  value: string;
  onChoose: (x: string) => void;
}) {
  const [search, setSearch] = useState("");
  const keys = useInfiniteQuery(keysQuery(entity, project, search, 50));
  const metrics = (keys.data?.pages[0]?.keys ?? []).filter((key) => key.kind === "number" || key.kind === "integer");
  const wanted = search.toLowerCase();
  const options = [
    ...X_AXES.filter((axis) => axis.label.toLowerCase().includes(wanted)),
    ...metrics.map((key) => ({ value: key.name, label: key.name })),
  ];
  return (
    <>
      <SearchInput label="Find a metric for x" value={search} onChange={(event) => setSearch(event.target.value)} />
      <ul className={picks["list"]}>
        {options.map((option) => (
          <li key={option.value}>
            <button type="button" aria-pressed={option.value === value} onClick={() => onChoose(option.value)}>
              <span>{option.label}</span>
              {option.value === value && <Check size={14} aria-hidden />}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

const NAMES: Record<SmoothingKind, string> = {
  none: "No smoothing",
  ema: "EMA",
  time: "Time-weighted EMA",
  mean: "Running mean",
  gaussian: "Gaussian",
};
const KINDS = SMOOTHINGS.map((kind) => ({ value: kind, label: NAMES[kind] }));

export function SmoothingPicker({ value, onChange }: { value: Smoothing; onChange: (smoothing: Smoothing) => void }) {
  const id = useId();
  const bounds = AMOUNTS[value.kind];
  return (
    <span className={styles["smoothing"]}>
      <Select
        label="Smoothing"
        options={KINDS}
        value={value.kind}
        onChoose={(kind) => onChange({ kind, amount: AMOUNTS[kind].start })}
      />
      {value.kind !== "none" && (
        <>
          <label htmlFor={id} className="visually-hidden">
            Amount of smoothing
          </label>
          <input
            id={id}
            type="range"
            min={bounds.min}
            max={bounds.max}
            step={bounds.step}
            value={value.amount}
            onChange={(event) => onChange({ kind: value.kind, amount: event.target.valueAsNumber })}
          />
          <output htmlFor={id}>{value.amount}</output>
        </>
      )}
    </span>
  );
}
