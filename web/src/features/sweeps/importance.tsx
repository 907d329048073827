/** Which parameters matter: two measures side by side, each with how sure it is. */

import { useQuery } from "@tanstack/react-query";

import { importanceQuery, type Sweep } from "@/api/sweeps";
import { formatCount, formatNumber } from "@/base/numbers";
import { ErrorPanel, Skeleton } from "@/widgets/feedback";
import table from "@/widgets/table.module.css";

import styles from "./sweeps.module.css";

const ROWS_MAX = 20;

export function Importance({ sweep, live }: { sweep: Sweep; live: boolean }) {
  const found = useQuery(importanceQuery(sweep.entity, sweep.project, sweep.id, live));
  return (
    <section className={styles["panel"]} aria-labelledby="importance">
      <div className={styles["panelHead"]}>
        <h2 id="importance">What matters for {found.data?.objective || sweep.objectives[0]?.name}</h2>
      </div>
      {found.error && <ErrorPanel what="The importance could not be computed" error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Skeleton height={160} />}
      {found.data && found.data.parameters.length === 0 && <p className={styles["note"]}>{found.data.why || "No parameter varies."}</p>}
      {found.data && found.data.parameters.length > 0 && (
        <>
          <div className={styles["scroll"]} style={{ maxHeight: 320 }}>
            <table className={table["table"]}>
              <thead>
                <tr>
                  <th scope="col">Parameter</th>
                  <th scope="col" title="Share of the objective's variance that it explains alone (fANOVA)">
                    Variance explained
                  </th>
                  <th scope="col" title="Its part of what a model loses when values are shuffled">
                    Permutation
                  </th>
                  <th scope="col" data-number title="Rank correlation with the objective">
                    Correlation
                  </th>
                </tr>
              </thead>
              <tbody>
                {found.data.parameters.slice(0, ROWS_MAX).map((one) => (
                  <tr key={one.name}>
                    <th scope="row">{one.name}</th>
                    <td>
                      <Share value={one.fanova} std={one.fanova_std} />
                    </td>
                    <td>
                      <Share value={one.permutation} std={one.permutation_std} />
                    </td>
                    <td data-number>
                      {one.correlation === null ? "" : `${one.correlation > 0 ? "+" : ""}${formatNumber(one.correlation, 2)}`}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <p className={styles["note"]}>
            Over {formatCount(found.data.trials)} trials. The whiskers are one standard deviation: where they overlap, the order is not settled.
            {found.data.parameters.length > ROWS_MAX && ` The first ${ROWS_MAX} of ${formatCount(found.data.parameters.length)} are shown.`}
          </p>
        </>
      )}
    </section>
  );
}

/** A share from 0 to 1 as a bar with its whisker. */
function Share({ value, std }: { value: number; std: number }) {
  const percent = (share: number) => `${Math.max(0, Math.min(1, share)) * 100}%`;
  const words = `${formatNumber(value, 3)} ± ${formatNumber(std, 2)}`;
  return (
    <span className={styles["share"]} title={words}>
      <span className={styles["shareBar"]} aria-hidden>
        <span style={{ width: percent(value) }} />
        <i style={{ left: percent(value - std), right: percent(1 - value - std) }} />
      </span>
      <span>{formatNumber(value, 2)}</span>
    </span>
  );
}
