import type { Sweep, TrialState } from "@/api/sweeps";
import { formatCount } from "@/base/numbers";

import { trialColour, trialWords } from "./state";
import styles from "./sweeps.module.css";

const ORDER: readonly TrialState[] = ["finished", "pruned", "stopped", "failed", "crashed", "oom", "running", "queued"];

/** Trials by state as parts of a bar; what is not proposed yet is its empty end. */
export function Progress({ sweep, legend = false }: { sweep: Sweep; legend?: boolean }) {
  const known = ORDER.map((state) => ({ state, count: sweep.trials[state] ?? 0 })).filter((one) => one.count > 0);
  const made = known.reduce((sum, one) => sum + one.count, 0);
  const whole = Math.max(made, sweep.expected ?? 0, 1);
  const words = known.map((one) => `${formatCount(one.count)} ${trialWords(one.state)}`).join(", ") || "no trials yet";
  return (
    <>
      <div className={styles["progress"]} role="img" aria-label={`Trials: ${words}`} title={words}>
        {known.map((one) => (
          <span key={one.state} style={{ width: `${(100 * one.count) / whole}%`, background: trialColour(one.state) }} />
        ))}
      </div>
      {legend && (
        <ul className={styles["legend"]}>
          {known.map((one) => (
            <li key={one.state}>
              <span aria-hidden style={{ width: 8, height: 8, borderRadius: 2, background: trialColour(one.state) }} />
              {formatCount(one.count)} {trialWords(one.state)}
            </li>
          ))}
          {sweep.expected !== null && made < sweep.expected && (
            <li className={styles["quiet"]}>{formatCount(sweep.expected - made)} to be proposed</li>
          )}
        </ul>
      )}
    </>
  );
}
