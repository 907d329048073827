/** What one panel does otherwise than the bar: a popover at the panel itself. */

import { Settings2 } from "lucide-react";
import { useState } from "react";

import { NO_SMOOTHING } from "@/base/smoothing";
import type { PanelSettings } from "@/model/workspace/spec";
import { Button, Checkbox, Field, IconButton, Segments, TextInput } from "@/widgets/controls";
import { Popover } from "@/widgets/overlays";

import { xLabel } from "./axis";
import { SmoothingPicker, XAxisList } from "./look";
import styles from "./panel.module.css";

const SCALES = [
  { value: "bar", label: "As the bar" },
  { value: "linear", label: "Linear" },
  { value: "log", label: "Log" },
] as const;

export function PanelSettingsButton({
  entity,
  project,
  title,
  settings,
  onChange,
}: {
  entity: string;
  project: string;
  title: string;
  settings: PanelSettings;
  onChange: (settings: PanelSettings) => void;
}) {
  const set = (change: PanelSettings) => {
    const next = Object.entries({ ...settings, ...change }).filter(([, value]: [string, unknown]) => value !== undefined);
    onChange(Object.fromEntries(next));
  };
  const scale = settings.log === undefined ? "bar" : settings.log ? "log" : "linear";
  return (
    <Popover
      label={`Settings of ${title}`}
      align="end"
      trigger={
        <IconButton small label={`Settings of ${title}`}>
          <Settings2 size={14} aria-hidden />
        </IconButton>
      }
    >
      <div className={styles["form"]}>
        <h3>{title}</h3>
        <fieldset>
          <legend>Y scale</legend>
          <Segments
            label="Y scale"
            options={SCALES}
            value={scale}
            onChoose={(value) => set({ log: value === "bar" ? undefined : value === "log" })}
          />
        </fieldset>
        <YRange value={settings.y} onChange={(y) => set({ y })} />
        <fieldset>
          <legend>Smoothing</legend>
          <Checkbox
            label="As the bar"
            checked={settings.smoothing === undefined}
            onChange={(event) => set({ smoothing: event.target.checked ? undefined : NO_SMOOTHING })}
          />
          {settings.smoothing && <SmoothingPicker value={settings.smoothing} onChange={(smoothing) => set({ smoothing })} />}
        </fieldset>
        <Checkbox
          label="Ignore outliers"
          checked={settings.outliers === true}
          onChange={(event) => set({ outliers: event.target.checked ? true : undefined })}
        />
        <Checkbox
          label="Keep still when other panels zoom"
          checked={settings.locked === true}
          onChange={(event) => set({ locked: event.target.checked ? true : undefined })}
        />
        <fieldset>
          <legend>X axis{settings.x === undefined ? ": as the bar" : `: ${xLabel(settings.x)}`}</legend>
          <XAxisList entity={entity} project={project} value={settings.x ?? ""} onChoose={(x) => set({ x })} />
        </fieldset>
        <Button small disabled={Object.keys(settings).length === 0} onClick={() => onChange({})}>
          Everything as the bar
        </Button>
      </div>
    </Popover>
  );
}

function YRange({ value, onChange }: { value: [number, number] | undefined; onChange: (y: [number, number] | undefined) => void }) {
  const [draft, setDraft] = useState([value?.[0].toString() ?? "", value?.[1].toString() ?? ""]);
  const bounds = draft.map((text) => (text.trim() === "" ? Number.NaN : Number(text)));
  const [lo = Number.NaN, hi = Number.NaN] = bounds;
  const wrong = Number.isFinite(lo) && Number.isFinite(hi) && lo >= hi;
  const commit = () => {
    if (draft.every((text) => text.trim() === "")) onChange(undefined);
    else if (Number.isFinite(lo) && Number.isFinite(hi) && !wrong) onChange([lo, hi]);
  };
  return (
    <div className={styles["formRow"]}>
      {["From", "To"].map((name, at) => (
        <Field key={name} label={`Y ${name.toLowerCase()}`}>
          <TextInput
            inputMode="decimal"
            placeholder="by the data"
            aria-invalid={wrong}
            value={draft[at]}
            onChange={(event) => setDraft(draft.map((old, i) => (i === at ? event.target.value : old)))}
            onBlur={commit}
            onKeyDown={(event) => event.key === "Enter" && commit()}
          />
        </Field>
      ))}
    </div>
  );
}
