/** The sweep's configuration as it is kept: what was left out is filled in. */

import type { Sweep } from "@/api/sweeps";
import { CodeBlock } from "@/widgets/feedback";

import styles from "./sweeps.module.css";

export function ConfigTab({ sweep }: { sweep: Sweep }) {
  return (
    <div className={styles["tab"]}>
      {sweep.description !== "" && <p style={{ margin: 0, whiteSpace: "pre-wrap" }}>{sweep.description}</p>}
      <CodeBlock label="configuration" code={JSON.stringify(sweep.config, null, 2)} />
    </div>
  );
}
