/** Every trial: what was proposed and why, how it ended, and what it reached. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Award } from "lucide-react";
import { useMemo, useState } from "react";

import { stopTrial, type Sweep, type Trial } from "@/api/sweeps";
import { csv } from "@/base/csv";
import { formatCount, formatNumber, fullValue, toNumber } from "@/base/numbers";
import { useProjectRights } from "@/model/may";
import { toast } from "@/model/toasts";
import { useHover } from "@/model/hover";
import { Button, IconButton, Select } from "@/widgets/controls";
import { CopyButton, describeError, Empty } from "@/widgets/feedback";
import { Duration, Value } from "@/widgets/values";
import table from "@/widgets/table.module.css";

import { PromoteFromSweep } from "./promote";
import { TRIAL_STATES, type SweepSearch } from "./search";
import { TrialStateMark, trialWords } from "./state";
import styles from "./sweeps.module.css";
import { objectiveOf, trialKey } from "./table";

interface Props {
  sweep: Sweep;
  trials: readonly Trial[];
  search: SweepSearch;
  onChange: (next: Partial<SweepSearch>) => void;
}

const PAGE = 100;

export function TrialsTab({ sweep, trials, search, onChange }: Props) {
  const [pages, setPages] = useState(1);
  const [promoting, setPromoting] = useState<number | null>(null);
  const parameters = useMemo(() => [...new Set(trials.flatMap((trial) => Object.keys(trial.params)))].sort(), [trials]);
  const wanted = useMemo(
    () => ordered(search.state === undefined ? trials : trials.filter((trial) => trial.state === search.state), search.sort),
    [trials, search.state, search.sort],
  );
  const shown = wanted.slice(0, pages * PAGE);
  const writes = useProjectRights(sweep.entity, sweep.project).write.allowed;
  return (
    <div className={styles["tab"]}>
      <div className={styles["bar"]}>
        <Select
          label="State"
          options={[{ value: "all", label: "All states" }, ...TRIAL_STATES.map((state) => ({ value: state, label: trialWords(state) }))]}
          value={search.state ?? "all"}
          onChoose={(value) => onChange({ state: value === "all" ? undefined : value })}
        />
        <span className={styles["quiet"]} role="status">
          {formatCount(wanted.length)} of {formatCount(trials.length)} trials
        </span>
        <CopyButton label="Copy the table as CSV" text={() => csv(cells(sweep, wanted, parameters))} />
      </div>
      {wanted.length === 0 ? (
        <Empty title={trials.length === 0 ? "No trials yet" : "No trial is in that state"} />
      ) : (
        <div className={styles["scroll"]} tabIndex={0} role="region" aria-label="Trials">
          <table className={table["table"]}>
            <thead>
              <tr>
                <Sorted name="number" label="Trial" search={search} onChange={onChange} />
                <th scope="col">State</th>
                {sweep.objectives.map((objective, at) => (
                  <Sorted key={objective.name} name={`objective:${at}`} label={objective.name} search={search} onChange={onChange} />
                ))}
                {parameters.map((name) => (
                  <Sorted key={name} name={`param:${name}`} label={name} search={search} onChange={onChange} />
                ))}
                <th scope="col">Run</th>
                <th scope="col">Host</th>
                <th scope="col">Took</th>
                <th scope="col">Why</th>
                <th scope="col">
                  <span className="visually-hidden">Acts</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((trial) => (
                <Row key={trial.number} sweep={sweep} trial={trial} parameters={parameters} writes={writes} onPromote={() => setPromoting(trial.number)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {promoting !== null && <PromoteFromSweep sweep={sweep} trial={promoting} onClose={() => setPromoting(null)} />}
      {shown.length < wanted.length && (
        <Button small onClick={() => setPages(pages + 1)}>
          More trials
        </Button>
      )}
    </div>
  );
}

function Sorted({ name, label, search, onChange }: { name: string; label: string; search: SweepSearch; onChange: Props["onChange"] }) {
  const sort = search.sort ?? "-number";
  const direction = sort === name ? "ascending" : sort === `-${name}` ? "descending" : "none";
  return (
    <th scope="col" aria-sort={direction} data-number>
      <button type="button" onClick={() => onChange({ sort: direction === "ascending" ? `-${name}` : name })}>
        {label}
        {direction === "ascending" ? " ↑" : direction === "descending" ? " ↓" : ""}
      </button>
    </th>
  );
}

interface RowProps {
  sweep: Sweep;
  trial: Trial;
  parameters: readonly string[];
  writes: boolean;
  onPromote: () => void;
}

function Row({ sweep, trial, parameters, writes, onPromote }: RowProps) {
  const queryClient = useQueryClient();
  const { entity, project } = sweep;
  const stop = useMutation({
    mutationFn: () => stopTrial(entity, project, sweep.id, trial.number),
    onSuccess: () => {
      toast(`Trial ${trial.number} was asked to stop`, { tone: "ok" });
      void queryClient.invalidateQueries({ queryKey: ["trials", entity, project, sweep.id] });
    },
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  const took = trial.started_at !== null && trial.finished_at !== null ? trial.finished_at - trial.started_at : null;
  const why = [trial.verdict?.reason, trial.error, trial.stop, trial.reason].find((one) => one !== undefined && one !== "") ?? "";
  const broken = trial.excess.filter((one) => (toNumber(one) ?? 0) > 0).length;
  return (
    <tr
      onPointerEnter={() => useHover.getState().set(trialKey(trial))}
      onPointerLeave={() => useHover.getState().set(null)}
    >
      <td data-number>{trial.number < 0 ? "earlier" : trial.number}</td>
      <td>
        <TrialStateMark state={trial.state} />
        {trial.attempt > 1 && <span className={styles["quiet"]}> attempt {trial.attempt}</span>}
        {broken > 0 && <span style={{ color: "var(--bad)" }}> breaks a constraint</span>}
      </td>
      {sweep.objectives.map((objective, at) => {
        const value = objectiveOf(trial, at);
        return (
          <td key={objective.name} data-number title={value === null ? undefined : String(value)}>
            {value === null ? "" : formatNumber(value, 5)}
          </td>
        );
      })}
      {parameters.map((name) => (
        <td key={name} data-number>
          {trial.params[name] === undefined ? "" : <Value value={trial.params[name]} />}
        </td>
      ))}
      <td>
        {trial.run !== "" && (
          <Link to="/$entity/$project/runs/$run" params={{ entity, project, run: trial.run }}>
            {trial.run}
          </Link>
        )}
      </td>
      <td>{trial.host}</td>
      <td>
        <Duration seconds={took} />
      </td>
      <td data-wrap title={trial.reason}>
        {why}
      </td>
      <td>
        {writes && trial.state === "finished" && trial.run !== "" && trial.number >= 0 && objectiveOf(trial, 0) !== null && (
          <IconButton small label={`Promote trial ${trial.number}…`} onClick={onPromote}>
            <Award size={14} aria-hidden />
          </IconButton>
        )}
        {writes && trial.state === "running" && trial.stop === "" && (
          <Button small disabled={stop.isPending} onClick={() => stop.mutate()}>
            Stop
          </Button>
        )}
      </td>
    </tr>
  );
}

/** Trials without a value come last, whichever way; unasked, the latest first and the queue after them. */
function ordered(trials: readonly Trial[], sort: string | undefined): Trial[] {
  if (sort === undefined) {
    const waits = (trial: Trial) => (trial.state === "queued" ? 1 : 0);
    return [...trials].sort((a, b) => waits(a) - waits(b) || b.number - a.number);
  }
  const falling = sort.startsWith("-");
  const name = falling ? sort.slice(1) : sort;
  const value = (trial: Trial): number | string | null => {
    if (name === "number") return trial.number;
    if (name.startsWith("objective:")) return objectiveOf(trial, Number(name.slice("objective:".length)));
    const own = trial.params[name.slice("param:".length)];
    const number = toNumber(own);
    return number ?? (own === undefined ? null : fullValue(own));
  };
  return [...trials].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return x === y ? a.number - b.number : x === null ? 1 : -1;
    const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true });
    return (falling ? -order : order) || a.number - b.number;
  });
}

function cells(sweep: Sweep, trials: readonly Trial[], parameters: readonly string[]): string[][] {
  const head = ["trial", "state", ...sweep.objectives.map((one) => one.name), ...parameters, "run", "host", "reason"];
  return [
    head,
    ...trials.map((trial) => [
      String(trial.number),
      trial.state,
      ...sweep.objectives.map((_, at) => fullValue(trial.objective[at] ?? undefined)),
      ...parameters.map((name) => fullValue(trial.params[name])),
      trial.run,
      trial.host,
      trial.reason,
    ]),
  ];
}
