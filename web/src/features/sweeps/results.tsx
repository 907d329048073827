/** What came out, made by default: the best, every trial over its parameters, results over time, the front. */

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { X } from "lucide-react";
import { useMemo } from "react";

import { bestQuery, paretoQuery, TRIALS_MAX, type Combination, type Sweep, type Trial } from "@/api/sweeps";
import { formatCount, formatNumber, formatValue, plural, toNumber } from "@/base/numbers";
import type { Cell } from "@/charts/axis-scale";
import { ParallelChart } from "@/charts/parallel-chart";
import { ScatterChart, type Limit } from "@/charts/scatter-chart";
import { columnKey, parseConstraint } from "@/model/workspace/pareto";
import { Button, Select } from "@/widgets/controls";
import { CopyButton, Empty, ErrorBoundary, ErrorPanel, Skeleton } from "@/widgets/feedback";

import { AgentCommands } from "./commands";
import { Importance } from "./importance";
import { Prompts } from "./prompts-panel";
import type { SweepSearch } from "./search";
import styles from "./sweeps.module.css";
import { axesOf, combinationPoints, linesOf, NUMBER, OBJECTIVE, objectiveOf, pointsOf, recordsOf } from "./table";

interface Props {
  sweep: Sweep;
  trials: readonly Trial[];
  more: boolean;
  live: boolean;
  search: SweepSearch;
  onChange: (next: Partial<SweepSearch>) => void;
}

export function ResultsTab({ sweep, trials, more, live, search, onChange }: Props) {
  const axes = useMemo(() => axesOf(sweep, trials), [sweep, trials]);
  const lines = useMemo(() => linesOf(sweep, trials), [sweep, trials]);
  const navigate = useNavigate();
  const where = { entity: sweep.entity, project: sweep.project };
  const open = (id: string) => {
    if (!id.startsWith("trial ")) void navigate({ to: "/$entity/$project/runs/$run", params: { ...where, run: id } });
  };
  if (trials.length === 0) {
    return (
      <Empty title="No trials yet">
        <p>Start an agent; each trial it runs shows here as it happens.</p>
        <AgentCommands sweep={sweep} />
      </Empty>
    );
  }
  return (
    <div className={styles["tab"]}>
      {more && <p className={styles["quiet"]}>The first {formatCount(TRIALS_MAX)} trials are drawn.</p>}
      <div className={styles["cards"]}>
        <Best sweep={sweep} trials={trials} robust={false} live={live} />
        {sweep.repeats > 1 && <Best sweep={sweep} trials={trials} robust live={live} />}
      </div>
      <div className={styles["panels"]}>
        <Prompts sweep={sweep} trials={trials} />
        <ErrorBoundary what="The parallel coordinates failed">
          <section className={`${styles["panel"]} ${styles["wide"]}`} aria-labelledby="parallel">
            <div className={styles["panelHead"]}>
              <h2 id="parallel">Parameters and results</h2>
              <Select
                label="Coloured by"
                options={axes.map((axis) => ({ value: axis.id, label: axis.label }))}
                value={search.colour ?? axes[axes.length - 1]?.id ?? ""}
                onChoose={(colour) => onChange({ colour })}
              />
              <Brushed search={search} names={new Map(axes.map((axis) => [axis.id, axis.label]))} onChange={onChange} />
            </div>
            <div className={styles["plot"]}>
              <ParallelChart
                title={`Trials of ${sweep.name}`}
                axes={axes}
                lines={lines}
                colourBy={search.colour}
                lowIsBest={goalOf(sweep, search.colour) === "minimize"}
                brushes={search.brushes ?? NONE}
                onBrush={(brushes) => onChange({ brushes: Object.keys(brushes).length > 0 ? brushes : undefined })}
                onPick={open}
              />
            </div>
            <p className={styles["note"]}>Drag along an axis to keep a range of it; click the range to let it go; click a line to open its run. Colours go by rank: what stands out most is best.</p>
          </section>
        </ErrorBoundary>
        <Importance sweep={sweep} live={live} />
        <OverTime sweep={sweep} trials={trials} onPick={open} />
        {sweep.objectives.length > 1 && <Front sweep={sweep} trials={trials} live={live} onPick={open} />}
        <Against sweep={sweep} trials={trials} search={search} onChange={onChange} onPick={open} />
      </div>
    </div>
  );
}

const NONE = {};

/** Of the axis that colours; parameters have none, and their highest values stand out. */
function goalOf(sweep: Sweep, colour: string | undefined): "minimize" | "maximize" {
  const at = colour === undefined ? sweep.objectives.length - 1 : colour.startsWith(OBJECTIVE) ? Number(colour.slice(OBJECTIVE.length)) : -1;
  return sweep.objectives[at]?.goal ?? "maximize";
}

function Brushed({ search, names, onChange }: { search: SweepSearch; names: ReadonlyMap<string, string>; onChange: Props["onChange"] }) {
  const brushes = Object.entries(search.brushes ?? {});
  if (brushes.length === 0) return null;
  const words = (value: Cell) => (typeof value === "number" ? formatNumber(value) : String(value));
  return (
    <span className={styles["brushes"]}>
      {brushes.map(([axis, [from, to]]) => (
        <Button
          key={axis}
          small
          title="Let go of this range"
          onClick={() => {
            const left = brushes.filter(([other]) => other !== axis);
            onChange({ brushes: left.length > 0 ? Object.fromEntries(left) : undefined });
          }}
        >
          {names.get(axis) ?? axis} {words(from) === words(to) ? words(from) : `${words(from)} … ${words(to)}`}
          <X size={12} aria-hidden />
        </Button>
      ))}
    </span>
  );
}

function Best({ sweep, trials, robust, live }: { sweep: Sweep; trials: readonly Trial[]; robust: boolean; live: boolean }) {
  const best = useQuery(bestQuery(sweep.entity, sweep.project, sweep.id, robust, live));
  const title = sweep.repeats > 1 ? (robust ? "Best over its repeats" : "Best single trial") : "Best trial";
  if (best.error) return <ErrorPanel what={`${title} could not be found`} error={best.error} onRetry={() => void best.refetch()} />;
  if (!best.data) return <Skeleton height={110} />;
  const found = best.data.combinations[0];
  return (
    <section className={styles["card"]} aria-label={title}>
      <h2>{title}</h2>
      {found ? <Found sweep={sweep} trials={trials} found={found} robust={robust} /> : <span className={styles["quiet"]}>No trial has a result yet.</span>}
    </section>
  );
}

function Found({ sweep, trials, found, robust }: { sweep: Sweep; trials: readonly Trial[]; found: Combination; robust: boolean }) {
  // Of a single best trial that one's run, not just any of its repeats'.
  const lucky = robust ? undefined : trials.find((one) => found.trials.includes(one.number) && objectiveOf(one, 0) === toNumber(found.best[0]));
  const run = lucky?.run ?? found.runs[0];
  const words = robust && found.trials.length > 1 ? `trials ${found.trials.join(", ")}` : `trial ${lucky?.number ?? found.number}`;
  return (
    <>
      {sweep.objectives.map((objective, at) => {
        const value = toNumber(robust ? found.mean[at] : found.best[at]);
        const [std, bound] = [toNumber(found.std[at] ?? null), toNumber(found.bound[at] ?? null)];
        return (
          <div key={objective.name}>
            <span className={styles["big"]} title={String(value)}>
              {value === null ? "none" : formatNumber(value, 5)}
            </span>{" "}
            <span className={styles["quiet"]}>
              {objective.name}
              {robust && std !== null && ` ± ${formatNumber(std, 3)} over ${plural(found.trials.length, "repeat")}`}
              {robust && bound !== null && `, at worst ${formatNumber(bound, 4)}`}
            </span>
          </div>
        );
      })}
      {!found.feasible && <span style={{ color: "var(--bad)" }}>It breaks a constraint: no trial meets them all.</span>}
      <div className={styles["params"]}>
        {Object.entries(found.params).map(([name, value]) => (
          <code key={name} title={JSON.stringify(value)}>
            {name} {formatValue(value)}
          </code>
        ))}
        <CopyButton text={JSON.stringify(found.arguments, null, 2)} label="Copy the parameters as JSON" />
      </div>
      <div className={styles["bar"]}>
        {run !== undefined && run !== "" && (
          <Link to="/$entity/$project/runs/$run" params={{ entity: sweep.entity, project: sweep.project, run }}>
            Run {run}
          </Link>
        )}
        <span className={styles["quiet"]}>{words}</span>
      </div>
    </>
  );
}

function OverTime({ sweep, trials, onPick }: { sweep: Sweep; trials: readonly Trial[]; onPick: (id: string) => void }) {
  const objective = sweep.objectives[0];
  const points = useMemo(() => pointsOf(trials, NUMBER, `${OBJECTIVE}0`, `${OBJECTIVE}0`), [trials]);
  const records = useMemo(() => recordsOf(points, objective?.goal ?? "minimize"), [points, objective]);
  if (!objective) return null;
  return (
    <section className={styles["panel"]} aria-labelledby="over-time">
      <div className={styles["panelHead"]}>
        <h2 id="over-time">{objective.name} over trials</h2>
      </div>
      <div className={styles["plot"]}>
        <ScatterChart title={`${objective.name} over trials`} xName="trial" yName={objective.name} xKind="linear" points={points} front={records} onPick={onPick} />
      </div>
      <p className={styles["note"]}>The line joins those that were better than all before. Hollow ones break a constraint.</p>
    </section>
  );
}

function Front({ sweep, trials, live, onPick }: { sweep: Sweep; trials: readonly Trial[]; live: boolean; onPick: (id: string) => void }) {
  const pareto = useQuery(paretoQuery(sweep.entity, sweep.project, sweep.id, live));
  const [first, second] = sweep.objectives;
  const third = sweep.objectives[2];
  const points = useMemo(() => combinationPoints(sweep, trials), [sweep, trials]);
  // The server ranks: over all objectives, and over means of repeats.
  const front = useMemo(() => {
    const own = new Set(pareto.data?.points.map((point) => point.number));
    return points.flatMap((point, at) => (own.has(point.number) ? [at] : [])).sort((a, b) => (points[a]?.x ?? 0) - (points[b]?.x ?? 0));
  }, [points, pareto.data]);
  const limits = useMemo(() => (first && second ? limitsOf(sweep.constraints, first.name, second.name) : []), [sweep.constraints, first, second]);
  if (!first || !second) return null;
  const volume = toNumber(pareto.data?.hypervolume ?? null);
  return (
    <section className={styles["panel"]} aria-labelledby="front">
      <div className={styles["panelHead"]}>
        <h2 id="front">
          {first.name} against {second.name}
        </h2>
      </div>
      <div className={styles["plot"]}>
        <ScatterChart
          title="Pareto front"
          xName={`${first.name} (${first.goal})`}
          yName={`${second.name} (${second.goal})`}
          colourName={third ? `${third.name} (${third.goal})` : "trial"}
          points={points}
          front={front}
          edge={third ? "none" : first.goal}
          limits={limits}
          onPick={onPick}
        />
      </div>
      <p className={styles["note"]}>
        {pareto.data
          ? `${plural(pareto.data.points.length, "combination")} that no other beats in every objective; ${formatCount(pareto.data.dominated)} beaten, ${formatCount(pareto.data.infeasible.length)} break a constraint.`
          : "…"}
        {volume !== null && pareto.data && ` Hypervolume ${formatNumber(volume, 5)}, from (${pareto.data.reference.map((one) => formatNumber(toNumber(one) ?? Number.NaN)).join(", ")}).`}
        {third && ` Large points are on the front of all ${sweep.objectives.length} objectives; colour is ${third.name}.`}
      </p>
    </section>
  );
}

/** Constraints by name that bound one of the two drawn objectives, as what to shade. */
function limitsOf(constraints: readonly string[], x: string, y: string): Limit[] {
  return constraints.flatMap((text) => {
    const bound = parseConstraint(text);
    const axis = bound === null ? null : bound.key === columnKey(x) ? "x" : bound.key === columnKey(y) ? "y" : null;
    if (!bound || axis === null) return [];
    return [{ axis, ...(bound.max !== undefined && { max: bound.max }), ...(bound.min !== undefined && { min: bound.min }) }];
  });
}

function Against({ sweep, trials, search, onChange, onPick }: Omit<Props, "more" | "live"> & { onPick: (id: string) => void }) {
  const names = useMemo(() => {
    const numeric = axesOf(sweep, trials).filter((axis) => pointsOf(trials, axis.id, axis.id, NUMBER).length > 0);
    return numeric.map((axis) => ({ value: axis.id, label: axis.label }));
  }, [sweep, trials]);
  const x = names.some((one) => one.value === search.x) ? (search.x ?? "") : (names[0]?.value ?? "");
  const y = names.some((one) => one.value === search.y) ? (search.y ?? "") : `${OBJECTIVE}0`;
  const points = useMemo(() => pointsOf(trials, x, y, NUMBER), [trials, x, y]);
  const label = (id: string) => names.find((one) => one.value === id)?.label ?? id;
  if (names.length < 2) return null;
  return (
    <section className={styles["panel"]} aria-label="One value against another">
      <div className={styles["panelHead"]}>
        <Select label="Upright" options={names} value={y} onChoose={(value) => onChange({ y: value })} />
        <span>over</span>
        <Select label="Across" options={names} value={x} onChoose={(value) => onChange({ x: value })} />
      </div>
      <div className={styles["plot"]}>
        <ScatterChart title={`${label(y)} over ${label(x)}`} xName={label(x)} yName={label(y)} colourName="trial" points={points} onPick={onPick} />
      </div>
      <p className={styles["note"]}>Colour: early trials dark, late ones bright.</p>
    </section>
  );
}
