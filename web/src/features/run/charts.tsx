import { useState } from "react";

import type { Run } from "@/api/types";
import { Checkbox, SearchInput, Segments } from "@/widgets/controls";

import { Panels, type RunX } from "./panels";
import styles from "./panels.module.css";

const XS: readonly { value: RunX; label: string }[] = [
  { value: "_step", label: "Step" },
  { value: "_runtime", label: "Relative" },
  { value: "_timestamp", label: "Time" },
];

/** `train/loss` belongs to `train`; keys without a prefix stand first. */
function sectionOf(key: string): string {
  const slash = key.lastIndexOf("/");
  return slash > 0 ? key.slice(0, slash) : "Charts";
}

export function ChartsTab({ run, find, onFind }: { run: Run; find: string; onFind: (find: string | undefined) => void }) {
  const [x, setX] = useState<RunX>("_step");
  const [log, setLog] = useState(false);
  return (
    <>
      <div className={styles["bar"]}>
        <SearchInput
          label="Find a metric"
          value={find}
          onChange={(event) => onFind(event.target.value === "" ? undefined : event.target.value)}
        />
        <Segments label="x axis" options={XS} value={x} onChoose={setX} />
        <Checkbox label="Log scale" checked={log} onChange={(event) => setLog(event.target.checked)} />
      </div>
      <Panels
        run={run}
        space="history"
        x={x}
        find={find}
        log={log}
        empty="Nothing was logged yet"
        sectionOf={sectionOf}
      />
    </>
  );
}
