/** The runs behind a Pareto panel as a table: for reading aloud, copying and checking. */

import { Link } from "@tanstack/react-router";
import { useState } from "react";

import type { RunPareto } from "@/api/pareto";
import { csv } from "@/base/csv";
import { formatCount, formatNumber } from "@/base/numbers";
import { keyLabel } from "@/model/workspace/pareto";
import { Button } from "@/widgets/controls";
import { CopyButton } from "@/widgets/feedback";
import { Dialog } from "@/widgets/overlays";
import table from "@/widgets/table.module.css";

const PAGE = 200;
const PLACES = { front: "on the front", dominated: "beaten", infeasible: "breaks a limit" } as const;

export function ParetoData({
  title,
  found,
  entity,
  project,
  onClose,
}: {
  title: string;
  found: RunPareto;
  entity: string;
  project: string;
  onClose: () => void;
}) {
  const [pages, setPages] = useState(1);
  const shown = found.points.slice(0, pages * PAGE);
  const broken = (places: readonly number[]) => places.map((at) => found.constraints[at]).join(", ");
  const text = () =>
    csv([
      ["run", "name", ...found.objectives.map((one) => one.key), "place", "breaks"],
      ...found.points.map((point) => [point.run, point.name, ...point.values.map(String), point.place, broken(point.broken)]),
    ]);
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title={title}
      description={`${formatCount(found.points.length)} of ${formatCount(found.compared)} runs with these values; the front first.`}
    >
      <div style={{ maxHeight: "min(60vh, 560px)", overflow: "auto" }} tabIndex={0} role="region" aria-label={`Data of ${title}`}>
        <table className={table["table"]}>
          <thead>
            <tr>
              <th scope="col">Run</th>
              {found.objectives.map((one) => (
                <th key={one.key} scope="col" data-number>
                  {keyLabel(one.key)}
                </th>
              ))}
              <th scope="col">Where</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((point) => (
              <tr key={point.run}>
                <td>
                  <Link to="/$entity/$project/runs/$run" params={{ entity, project, run: point.run }}>
                    {point.name || point.run}
                  </Link>
                </td>
                {point.values.map((value, at) => (
                  <td key={found.objectives[at]?.key} data-number title={String(value)}>
                    {formatNumber(value, 6)}
                  </td>
                ))}
                <td>
                  {PLACES[point.place]}
                  {point.broken.length > 0 && `: ${broken(point.broken)}`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div style={{ display: "flex", gap: 8, marginTop: 8 }}>
        {shown.length < found.points.length && (
          <Button small onClick={() => setPages(pages + 1)}>
            More runs
          </Button>
        )}
        <CopyButton label="Copy as CSV" text={text} />
      </div>
    </Dialog>
  );
}
