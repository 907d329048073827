import { useState } from "react";

import type { Run } from "@/api/types";
import { Segments } from "@/widgets/controls";

import { Panels, type RunX } from "./panels";
import styles from "./panels.module.css";

const XS: readonly { value: RunX; label: string }[] = [
  { value: "_runtime", label: "Relative" },
  { value: "_timestamp", label: "Time" },
];

const SECTIONS: readonly (readonly [RegExp, string])[] = [
  [/^system\.(gpu|tpu|ipu)/, "Accelerators"],
  [/^system\.(cpu|proc\.cpu|load)/, "Processor"],
  [/^system\.(memory|proc\.memory|swap)/, "Memory"],
  [/^system\.(disk|network)/, "Disk and network"],
];

function sectionOf(key: string): string {
  return SECTIONS.find(([pattern]) => pattern.test(key))?.[1] ?? "Other";
}

export function SystemTab({ run }: { run: Run }) {
  const [x, setX] = useState<RunX>("_runtime");
  return (
    <>
      <div className={styles["bar"]}>
        <Segments label="x axis" options={XS} value={x} onChoose={setX} />
      </div>
      <Panels
        run={run}
        space="system"
        x={x}
        find=""
        log={false}
        empty="No readings of the machine yet: the first comes within seconds of the start, unless they were switched off"
        sectionOf={sectionOf}
      />
    </>
  );
}
