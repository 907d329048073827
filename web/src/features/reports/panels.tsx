/** Panels of a report over the runs of its run sets, which are asked for anew each time it is read. */

import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState, type ReactNode } from "react";

import { queryRuns } from "@/api/runs";
import type { Run } from "@/api/types";
import { valueAt } from "@/base/flatten";
import { plural } from "@/base/numbers";
import type { Panel, RunSet } from "@/base/report";
import { MediaPanel, useMedia, type MediaRun } from "@/features/media";
import { LinePanel } from "@/features/panels";
import type { Drawn } from "@/model/drawn";
import { DEFAULT_SPEC, DRAWN_DEFAULT, type PanelSettings } from "@/model/workspace/spec";
import { ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Swatch, Value } from "@/widgets/values";

import { Formatted } from "./blocks";
import styles from "./reports.module.css";

interface Shown {
  set: RunSet;
  entity: string;
  project: string;
  runs: readonly Run[];
  total: number;
}

export function PanelGrid({ runSets, panels, entity, project }: { runSets: readonly RunSet[]; panels: readonly Panel[]; entity: string; project: string }) {
  const metrics = useMemo(() => [...new Set(panels.flatMap((panel) => panel.metrics))], [panels]);
  const answers = useQueries({
    queries: runSets.map((set) => {
      const [owner, name] = [set.entity || entity, set.project || project];
      const body = { filter: set.filter, search: set.query, order: set.order.length > 0 ? set.order : ["-created_at"], limit: DRAWN_DEFAULT, select: metrics.slice(0, 100).map((key) => `summary.${key}`) };
      return {
        queryKey: ["report-runs", owner, name, body],
        queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Shown> => {
          const page = await queryRuns(owner, name, body, signal);
          return { set, entity: owner, project: name, runs: page.runs, total: page.total };
        },
      };
    }),
  });
  const shown = answers.flatMap((answer) => answer.data ?? []);
  const failed = answers.find((answer) => answer.error)?.error;
  if (failed) return <ErrorPanel what="The runs of this grid could not be read" error={failed} onRetry={() => answers.forEach((answer) => void answer.refetch())} />;
  if (shown.length < runSets.length) return <Skeleton height={300} />;
  return (
    <div className={styles["panels"]}>
      <ul className={styles["sets"]} aria-label="Run sets">
        {shown.map(({ set, runs, total, project: name }, at) => (
          <li key={at}>
            <strong>{set.name}</strong> {name}: {runs.length < total ? `${runs.length} of ${plural(total, "run")} drawn` : plural(total, "run")}
            {set.unread.length > 0 && <em> without the conditions that are not understood here: {set.unread.join("; ")}</em>}
          </li>
        ))}
      </ul>
      {byProject(shown).map((group) => (
        <Grid key={`${group.entity}/${group.project}`} {...group} panels={panels} />
      ))}
    </div>
  );
}

/** Run sets of one project are drawn together; a run that is in several of them once. */
function byProject(shown: readonly Shown[]): { entity: string; project: string; runs: readonly Run[] }[] {
  const groups = new Map<string, { entity: string; project: string; runs: Map<string, Run> }>();
  for (const { entity, project, runs } of shown) {
    const key = `${entity}/${project}`;
    const group = groups.get(key) ?? { entity, project, runs: new Map<string, Run>() };
    for (const run of runs) group.runs.set(run.id, run);
    groups.set(key, group);
  }
  return [...groups.values()].map((group) => ({ ...group, runs: [...group.runs.values()] }));
}

function Grid({ entity, project, runs, panels }: { entity: string; project: string; runs: readonly Run[]; panels: readonly Panel[] }) {
  const drawn = useMemo<Drawn>(
    () => ({ groups: [], runs: runs.map((run) => ({ id: run.id, label: run.display_name, slot: run.colour, pinned: false })) }),
    [runs],
  );
  return (
    <div className={styles["grid"]}>
      {panels.map((panel) => {
        const { x, y, w, h } = panel.layout;
        return (
          <div
            key={panel.id}
            className={styles["cell"]}
            data-many={panel.metrics.length > 1}
            style={{ gridColumn: `${x + 1} / span ${Math.min(w, 24 - x)}`, gridRow: `${y + 1} / span ${h}` }}
          >
            <PanelOf panel={panel} entity={entity} project={project} drawn={drawn} runs={runs} />
          </div>
        );
      })}
    </div>
  );
}

function PanelOf({ panel, entity, project, drawn, runs }: { panel: Panel; entity: string; project: string; drawn: Drawn; runs: readonly Run[] }): ReactNode {
  switch (panel.type) {
    case "Run History Line Plot":
      return panel.metrics.map((metric) => <Line key={metric} panel={panel} metric={metric} entity={entity} project={project} drawn={drawn} />);
    case "Media Browser":
      return <MediaOf panel={panel} entity={entity} project={project} drawn={drawn} />;
    case "Markdown Panel":
      return (
        <Framed title={panel.title}>
          <Formatted text={panel.content} />
        </Framed>
      );
    case "Scalar Chart":
    case "Bar Chart":
      return <Values panel={panel} runs={runs} />;
    default:
      return (
        <Framed title={panel.title || panel.type}>
          <p className={styles["unknown"]}>
            A panel of the kind “{panel.type || "without a name"}”, which is not drawn here{panel.metrics.length > 0 && `: ${panel.metrics.join(", ")}`}. It is kept as it was saved.
          </p>
        </Framed>
      );
  }
}

function Line({ panel, metric, entity, project, drawn }: { panel: Panel; metric: string; entity: string; project: string; drawn: Drawn }) {
  const [zoom, setZoom] = useState<[number, number] | null>(null);
  const [settings, setSettings] = useState<PanelSettings>({});
  const look = useMemo(() => ({ ...DEFAULT_SPEC, x: panel.x, log: panel.logY, zoom }), [panel.x, panel.logY, zoom]);
  return (
    <div className={styles["line"]}>
      {panel.title !== "" && <h4>{panel.title}</h4>}
      <LinePanel
        entity={entity}
        project={project}
        space={metric.startsWith("system.") ? "system" : "history"}
        metric={metric}
        drawn={drawn}
        look={look}
        settings={settings}
        pinned={false}
        onZoom={setZoom}
        onX={(x) => setSettings({ ...settings, x })}
        onSettings={setSettings}
      />
    </div>
  );
}

function MediaOf({ panel, entity, project, drawn }: { panel: Panel; entity: string; project: string; drawn: Drawn }) {
  const runs: readonly MediaRun[] = drawn.runs;
  const ids = useMemo(() => runs.map((run) => run.id), [runs]);
  const media = useMedia(entity, project, ids, "");
  const keys = media.keys.filter((key) => panel.metrics.includes(key.name));
  if (media.error) return <ErrorPanel what="The media could not be read" error={media.error} onRetry={media.retry} />;
  if (media.pending) return <Skeleton height="100%" />;
  if (keys.length === 0) {
    return (
      <Framed title={panel.title}>
        <p className={styles["quiet"]}>None of the runs logged {panel.metrics.join(", ")}.</p>
      </Framed>
    );
  }
  return keys.map((key) => <MediaPanel key={key.name} entity={entity} project={project} mediaKey={key} runs={runs} step={null} mode={undefined} onMode={() => undefined} />);
}

/** The latest value of each run. */
function Values({ panel, runs }: { panel: Panel; runs: readonly Run[] }) {
  return (
    <Framed title={panel.title || panel.metrics.join(", ")}>
      <table className={styles["values"]}>
        <thead>
          <tr>
            <th scope="col">Run</th>
            {panel.metrics.map((metric) => (
              <th key={metric} scope="col">
                {metric}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.id}>
              <th scope="row">
                <Swatch slot={run.colour} />{" "}
                <Link to="/$entity/$project/runs/$run" params={{ entity: run.entity, project: run.project, run: run.id }}>
                  {run.display_name}
                </Link>
              </th>
              {panel.metrics.map((metric) => (
                <td key={metric}>
                  <Value value={valueAt(run.summary, metric) ?? ""} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Framed>
  );
}

function Framed({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={styles["framed"]} aria-label={title || "Panel"} tabIndex={0}>
      {title !== "" && <h4>{title}</h4>}
      {children}
    </section>
  );
}
