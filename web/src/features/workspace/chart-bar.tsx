/** Above the charts: which panels, over which x, how smooth. One click each. */

import { ScatterChart, Undo2 } from "lucide-react";

import { SmoothingPicker, XAxisPicker } from "@/features/panels";
import { Button, SearchInput } from "@/widgets/controls";

import styles from "./page.module.css";
import type { WorkspaceState } from "./use-view";

export function ChartBar({ state }: { state: WorkspaceState }) {
  const { entity, project, spec, search, change, go } = state;
  return (
    <div className={styles["bar"]} role="toolbar" aria-label="How charts are drawn">
      <SearchInput
        label="Find panels"
        value={search.find ?? ""}
        onChange={(event) => {
          const next = { ...search };
          if (event.target.value === "") delete next.find;
          else next.find = event.target.value;
          go(next, { replace: true });
        }}
      />
      <span className={styles["gap"]} />
      {spec.zoom && (
        <Button onClick={() => change({ zoom: null })} title="All panels show everything again (double click on a chart)">
          <Undo2 size={14} aria-hidden /> Whole range
        </Button>
      )}
      <Button
        title="A panel of the runs that no other beats in several values at once"
        onClick={() => change({ pareto: [{ id: Math.random().toString(36).slice(2, 8), objectives: [], constraints: [] }, ...spec.pareto] })}
      >
        <ScatterChart size={14} aria-hidden /> Pareto
      </Button>
      <XAxisPicker entity={entity} project={project} value={spec.x} onChoose={(x) => change({ x, zoom: null })} />
      <SmoothingPicker value={spec.smoothing} onChange={(smoothing) => change({ smoothing }, { replace: true })} />
      <Button aria-pressed={spec.log} onClick={() => change({ log: !spec.log })} title="Logarithmic y axis">
        Log y
      </Button>
      <Button
        aria-pressed={spec.outliers}
        onClick={() => change({ outliers: !spec.outliers })}
        title="Fit the y axis to what most values are"
      >
        Ignore outliers
      </Button>
    </div>
  );
}
