/** Runs that no other beats in two or three values at once, among those that the workspace shows. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Settings2, Table, Trash2 } from "lucide-react";
import { useEffect, useMemo, useState } from "react";

import { runParetoQuery, type RunPareto } from "@/api/pareto";
import type { RunFilter } from "@/api/types";
import { runColourVar } from "@/base/colours";
import { Limiter } from "@/base/limiter";
import { formatCount, formatNumber, plural } from "@/base/numbers";
import { ScatterChart } from "@/charts/scatter-chart";
import { StepCurve } from "@/charts/step-curve";
import type { Drawn } from "@/model/drawn";
import { useHover } from "@/model/hover";
import { onProject } from "@/model/live";
import { useSelection } from "@/model/selection";
import { useTheme } from "@/model/theme";
import { keyLabel, type ParetoSpec } from "@/model/workspace/pareto";
import { Button, IconButton } from "@/widgets/controls";
import { ErrorPanel, LoadingBar, Skeleton } from "@/widgets/feedback";
import { Popover } from "@/widgets/overlays";
import { FullScreenButton, Panel, PanelHead, PanelWords } from "@/widgets/panel";

import { ParetoData } from "./data";
import { ParetoForm } from "./form";
import styles from "./pareto.module.css";
import { colouring, frontOfAnswer, limitsOfAnswer, pointsOf, type Coloured } from "./points";

const POINTS_MAX = 2000;
const NEWS_MS = 2000;
const NO_RUNS: ReadonlySet<string> = new Set();

export interface ParetoPanelProps {
  entity: string;
  project: string;
  spec: ParetoSpec;
  /** runs that the workspace shows: hidden ones are out already */
  filter: RunFilter;
  search: string;
  drawn: Drawn;
  colours: Readonly<Record<string, number>>;
  pins: readonly string[];
  full?: boolean;
  onChange: (spec: ParetoSpec) => void;
  onRemove: () => void;
  onFull: () => void;
  onPickRun: (run: string) => void;
}

export function paretoTitle(spec: ParetoSpec): string {
  const names = spec.objectives.map((one) => keyLabel(one.key));
  return names.length < 2 ? "Pareto front" : `Pareto: ${names.join(" · ")}`;
}

export function ParetoPanel(props: ParetoPanelProps) {
  const title = paretoTitle(props.spec);
  return (
    <Panel title={title} id={`\npareto ${props.spec.id}`} resetKey={JSON.stringify(props.spec)} className={styles["panel"] ?? ""}>
      <Body {...props} title={title} />
    </Panel>
  );
}

function Body({ title, ...props }: ParetoPanelProps & { title: string }) {
  const { entity, project, spec, filter, search, full = false } = props;
  const [settings, setSettings] = useState(false);
  const [data, setData] = useState(false);
  const chosen = spec.objectives.length >= 2;
  const query = useQuery({
    ...runParetoQuery(entity, project, {
      objectives: spec.objectives,
      constraints: spec.constraints,
      filter,
      search,
      limit: POINTS_MAX,
      ...(spec.reference && { reference: spec.reference }),
    }),
    enabled: chosen,
  });
  useNews(entity, project, chosen);
  const form = (
    <ParetoForm
      key={JSON.stringify(spec)}
      entity={entity}
      project={project}
      spec={spec}
      onDone={(next) => {
        props.onChange(next);
        setSettings(false);
      }}
    />
  );
  const found = query.data;
  return (
    <>
      <PanelHead title={title} always>
        {chosen && (
          <Popover
            label={`Settings of ${title}`}
            align="end"
            width={520}
            open={settings}
            onOpenChange={setSettings}
            trigger={
              <IconButton small label={`Settings of ${title}`}>
                <Settings2 size={14} aria-hidden />
              </IconButton>
            }
          >
            {form}
          </Popover>
        )}
        {found && chosen && (
          <IconButton small label={`View data of ${title}`} onClick={() => setData(true)}>
            <Table size={14} aria-hidden />
          </IconButton>
        )}
        <FullScreenButton title={title} full={full} onClick={props.onFull} />
        {!full && (
          <IconButton small label={`Remove ${title}`} onClick={props.onRemove}>
            <Trash2 size={14} aria-hidden />
          </IconButton>
        )}
      </PanelHead>
      <div className={styles["body"]}>
        {query.isPlaceholderData && <LoadingBar label={`Loading ${title}`} />}
        {!chosen ? (
          <div className={styles["whole"]}>{form}</div>
        ) : query.error && !found ? (
          <div className={styles["whole"]}>
            <ErrorPanel what={`${title} could not be computed`} error={query.error} onRetry={() => void query.refetch()} />
          </div>
        ) : !found ? (
          <div className={styles["whole"]}>
            <Skeleton height="100%" />
          </div>
        ) : found.compared === 0 ? (
          <Nothing found={found} onSettings={() => setSettings(true)} />
        ) : (
          <Drawing {...props} title={title} found={found} />
        )}
      </div>
      <footer className={styles["notes"]} role="status">
        {chosen && found && found.compared > 0 && wordsOf(found)}
      </footer>
      {data && found && <ParetoData title={title} found={found} entity={entity} project={project} onClose={() => setData(false)} />}
    </>
  );
}

function Nothing({ found, onSettings }: { found: RunPareto; onSettings: () => void }) {
  const names = found.objectives.map((one) => keyLabel(one.key)).join(" and ");
  return (
    <PanelWords>
      <span>{found.total === 0 ? "No run is shown. Open a run’s eye in the list, or clear the filter." : `None of the ${plural(found.total, "run")} shown has a number in ${names}.`}</span>
      <Button small onClick={onSettings}>
        Choose other values
      </Button>
    </PanelWords>
  );
}

function Drawing({ title, found, spec, drawn, colours, pins, entity, project, onPickRun }: ParetoPanelProps & { title: string; found: RunPareto }) {
  const theme = useTheme((state) => state.theme);
  const place = `${entity}/${project}`;
  const selected = useSelection((one) => (one.place === place ? one.runs : NO_RUNS));
  const marked = useMemo(() => new Set([...selected, ...pins]), [selected, pins]);
  const colourOf = useMemo(() => colouring(drawn, colours), [drawn, colours]);
  const points = useMemo(() => pointsOf(found, colourOf, theme), [found, colourOf, theme]);
  const front = useMemo(() => frontOfAnswer(found), [found]);
  const limits = useMemo(() => limitsOfAnswer(found), [found]);
  const [first, second, third] = found.objectives;
  const [rx, ry] = found.reference;
  const reference = useMemo(() => (rx === undefined || ry === undefined ? undefined : { x: rx, y: ry }), [rx, ry]);
  if (!first || !second) return null;
  const name = (one: { key: string; goal: string }) => `${keyLabel(one.key)} (${one.goal})`;
  return (
    <>
      <div className={styles["plot"]}>
        <ScatterChart
          title={title}
          xName={name(first)}
          yName={name(second)}
          colourName={third && name(third)}
          points={points}
          front={front}
          edge={third ? "none" : first.goal}
          dim
          marked={marked}
          limits={limits}
          reference={spec.reference ? reference : undefined}
          onPick={onPickRun}
        />
      </div>
      <div className={styles["side"]}>
        <h4>{found.front === 0 ? "No run keeps the limits" : `${plural(found.front, "run")} on the front`}</h4>
        <Front found={found} front={front} colourOf={colourOf} entity={entity} project={project} />
        <StepCurve
          title="Hypervolume over runs"
          points={found.curve.map((then) => ({ x: then.runs, y: then.hypervolume }))}
          until={found.front + found.dominated}
          words={`hypervolume over ${plural(found.front + found.dominated, "run")}`}
        />
      </div>
    </>
  );
}

function Front({
  found,
  front,
  colourOf,
  entity,
  project,
}: {
  found: RunPareto;
  front: readonly number[];
  colourOf: (run: string, slot: number) => Coloured | null;
  entity: string;
  project: string;
}) {
  const lit = useHover((state) => state.run);
  return (
    <div className={styles["front"]} tabIndex={0} role="region" aria-label="Runs on the front">
      <table>
        <thead>
          <tr>
            <th scope="col">Run</th>
            {found.objectives.map((one) => (
              <th key={one.key} scope="col" title={one.key}>
                {keyLabel(one.key)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {front.map((at) => {
            const point = found.points[at];
            if (!point) return null;
            const own = colourOf(point.run, point.colour);
            const light = () => useHover.getState().set(own?.group ?? point.run);
            const dark = () => useHover.getState().set(null);
            return (
              <tr key={point.run} data-lit={lit === point.run} onPointerEnter={light} onPointerLeave={dark} onFocus={light} onBlur={dark}>
                <td title={point.name}>
                  {own && <span className={styles["swatch"]} style={{ background: runColourVar(own.slot) }} aria-hidden />}
                  <Link to="/$entity/$project/runs/$run" params={{ entity, project, run: point.run }}>
                    {point.name || point.run}
                  </Link>
                </td>
                {point.values.map((value, i) => (
                  <td key={found.objectives[i]?.key} title={String(value)}>
                    {formatNumber(value)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function wordsOf(found: RunPareto): string {
  const parts = [`${formatCount(found.front)} on the front, ${formatCount(found.dominated)} beaten`];
  if (found.constraints.length > 0) parts.push(`${formatCount(found.infeasible)} break a limit`);
  const left = found.total - found.compared;
  if (left > 0) parts.push(`${formatCount(left)} of ${plural(found.total, "run")} without these values`);
  if (found.hypervolume !== null) {
    const from = found.reference.map((value) => formatNumber(value)).join(", ");
    parts.push(`hypervolume ${formatNumber(found.hypervolume, 5)} from (${from})`);
  }
  if (found.points.length < found.compared) parts.push(`${formatCount(found.points.length)} of ${formatCount(found.compared)} drawn`);
  return `${parts.join(" · ")}.`;
}

/** Runs that come, end or change: looked at again, not more often than every two seconds. */
function useNews(entity: string, project: string, wanted: boolean): void {
  const client = useQueryClient();
  useEffect(() => {
    if (!wanted) return undefined;
    const limiter = new Limiter(() => void client.invalidateQueries({ queryKey: ["pareto", entity, project] }), NEWS_MS);
    const stop = onProject(entity, project, (events) => {
      if (!events || events.some((event) => event.kind === "run")) limiter.trigger();
    });
    return () => {
      stop();
      limiter.close();
    };
  }, [client, entity, project, wanted]);
}
