/** A candidate against what stands at a baseline alias: numbers, config, files. */

import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { standingQuery, type ArtifactVersion } from "@/api/artifacts";
import { comparisonQuery } from "@/api/registry";
import { formatNumber, plural } from "@/base/numbers";
import { byNumber } from "@/base/versions";
import { IconButton, Select } from "@/widgets/controls";
import { ErrorPanel, Skeleton } from "@/widgets/feedback";
import { AnyVersion } from "@/widgets/any-version";
import { Value } from "@/widgets/values";
import table from "@/widgets/table.module.css";

import type { Where } from "./collection";
import styles from "./registry.module.css";

/** As many are listed: where there are so many, there may be more. */
const NEWEST = 100;

export function Comparison({
  where,
  candidate,
  rows,
  onClose,
}: {
  where: Where;
  candidate: string;
  rows: readonly ArtifactVersion[];
  onClose: () => void;
}) {
  const standing = useQuery(standingQuery(where.entity, where.project, where.collection));
  const aliases = standing.data?.aliases ?? [];
  const versions = [...new Set([...rows.map((row) => row.version), ...aliases.map((one) => one.version)])].filter((version) => version !== candidate).sort(byNumber).reverse();
  const production = aliases.find((one) => one.alias === "production" && one.version !== candidate)?.version ?? versions[0];
  const [chosen, setChosen] = useState<string | null>(null);
  const baseline = chosen ?? production;
  if (chosen !== null && !versions.includes(chosen)) versions.unshift(chosen);
  const place = useRef<HTMLElement>(null);
  // It opens above what was clicked on: whoever asked is taken there.
  useEffect(() => {
    if (document.activeElement === document.body) return;
    place.current?.scrollIntoView({ block: "nearest" });
    place.current?.focus({ preventScroll: true });
  }, [standing.isPending]);
  if (standing.isPending) return <Skeleton height={120} />;
  if (baseline === undefined) return <p className={styles["quiet"]}>There is no other version to compare {candidate} with.</p>;
  return (
    <section ref={place} tabIndex={-1} className={`${styles["section"]} ${styles["compared"]}`} aria-label="Comparison">
      <div className={styles["bar"]}>
        <h2>{candidate} against</h2>
        <Select
          label="Baseline"
          options={versions.map((version) => ({
            value: version,
            label: [version, ...aliases.filter((one) => one.version === version).map((one) => one.alias)].join(" · "),
          }))}
          value={baseline}
          onChoose={setChosen}
        />
        {rows.length >= NEWEST && <AnyVersion label="Another baseline" onChoose={setChosen} />}
        <IconButton small label="Close the comparison" onClick={onClose}>
          <X size={14} aria-hidden />
        </IconButton>
      </div>
      <Compared where={where} candidate={candidate} baseline={baseline} />
    </section>
  );
}

function Compared({ where, candidate, baseline }: { where: Where; candidate: string; baseline: string }) {
  const name = (version: string) => `${where.collection}:${version}`;
  const found = useQuery(comparisonQuery(where.entity, where.project, name(candidate), name(baseline)));
  if (found.error) return <ErrorPanel what="They could not be compared" error={found.error} onRetry={() => void found.refetch()} />;
  if (!found.data) return <Skeleton height={120} />;
  const { metrics, config, metadata, files, same_content: same } = found.data;
  const changed = Object.entries(files).map(([kind, count]) => `${plural(count, "file")} ${kind}`);
  return (
    <>
      <p className={styles["quiet"]} style={{ margin: 0 }}>
        {same ? "Their content is the same." : changed.join(", ")}
      </p>
      {metrics.length > 0 && (
        <table className={table["table"]}>
          <thead>
            <tr>
              <th scope="col">Metric</th>
              <th scope="col">{baseline}</th>
              <th scope="col">{candidate}</th>
              <th scope="col">Change</th>
            </tr>
          </thead>
          <tbody>
            {metrics.map((metric) => (
              <tr key={metric.name}>
                <th scope="row">{metric.name}</th>
                <td>
                  <Value value={metric.baseline} />
                </td>
                <td>
                  <Value value={metric.candidate} />
                </td>
                <td>
                  {metric.delta === null ? (
                    <span className={styles["quiet"]}>not comparable</span>
                  ) : (
                    `${metric.delta > 0 ? "+" : ""}${formatNumber(metric.delta)}`
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {[...config.map((row) => ({ ...row, part: "config" })), ...metadata.map((row) => ({ ...row, part: "metadata" }))].length > 0 && (
        <table className={table["table"]}>
          <thead>
            <tr>
              <th scope="col">Setting</th>
              <th scope="col">{baseline}</th>
              <th scope="col">{candidate}</th>
            </tr>
          </thead>
          <tbody>
            {[...config, ...metadata].map((row, at) => (
              <tr key={`${row.name} ${at}`}>
                <th scope="row">{row.name}</th>
                <td>
                  <Value value={row.baseline} />
                </td>
                <td>
                  <Value value={row.candidate} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}
