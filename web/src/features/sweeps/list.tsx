/** The project's sweeps, last made first. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";

import { sweepsQuery, type Sweep } from "@/api/sweeps";
import { formatCount, formatNumber, toNumber } from "@/base/numbers";
import { Button, SearchInput } from "@/widgets/controls";
import { CodeBlock, Empty, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Time } from "@/widgets/values";
import table from "@/widgets/table.module.css";

import { Progress } from "./progress";
import { SweepStateMark } from "./state";
import styles from "./sweeps.module.css";

export function SweepsPage() {
  const { entity, project } = useParams({ from: "/$entity/$project/sweeps" });
  const search = useSearch({ from: "/$entity/$project/sweeps" });
  const navigate = useNavigate({ from: "/$entity/$project/sweeps" });
  const found = useInfiniteQuery(sweepsQuery(entity, project, search.find ?? ""));
  const rows = found.data?.pages.flatMap((page) => page.sweeps) ?? [];
  if (found.isSuccess && rows.length === 0 && search.find === undefined) return <FirstSweep entity={entity} project={project} />;
  return (
    <div className={styles["list"]}>
      <title>{`Sweeps · ${project} · Runstone`}</title>
      <div className={styles["bar"]}>
        <h1>Sweeps</h1>
        <SearchInput
          label="Find sweeps"
          value={search.find ?? ""}
          onChange={(event) =>
            void navigate({ search: event.target.value === "" ? {} : { find: event.target.value }, replace: true })
          }
        />
      </div>
      {found.error && <ErrorPanel what="The sweeps could not be read" error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Skeleton height={160} />}
      {found.isSuccess && rows.length === 0 && (
        <Empty title="No sweep matches">
          <Button small onClick={() => void navigate({ search: {}, replace: true })}>
            Show all
          </Button>
        </Empty>
      )}
      {rows.length > 0 && <SweepTable entity={entity} project={project} rows={rows} />}
      {found.hasNextPage && (
        <Button small disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          More sweeps
        </Button>
      )}
    </div>
  );
}

function SweepTable({ entity, project, rows }: { entity: string; project: string; rows: readonly Sweep[] }) {
  return (
    <div className={styles["scroll"]}>
      <table className={table["table"]}>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">State</th>
            <th scope="col">Search</th>
            <th scope="col">Objective</th>
            <th scope="col" data-number>
              Best
            </th>
            <th scope="col" style={{ width: 180 }}>
              Progress
            </th>
            <th scope="col" data-number>
              Trials
            </th>
            <th scope="col">Made</th>
            <th scope="col">By</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((sweep) => {
            const done = Object.entries(sweep.trials).reduce((sum, [state, n]) => sum + (state === "queued" || state === "running" ? 0 : n), 0);
            const best = toNumber(sweep.best);
            return (
              <tr key={sweep.id}>
                <td>
                  <Link to="/$entity/$project/sweeps/$sweep" params={{ entity, project, sweep: sweep.id }}>
                    {sweep.name}
                  </Link>
                </td>
                <td>
                  <SweepStateMark state={sweep.state} />
                </td>
                <td>{sweep.sampler}</td>
                <td>{sweep.objectives.map((one) => `${one.goal} ${one.name}`).join(", ")}</td>
                <td data-number title={best === null ? undefined : String(best)}>
                  {best === null ? "" : formatNumber(best)}
                </td>
                <td>
                  <Progress sweep={sweep} />
                </td>
                <td data-number>
                  {formatCount(done)}
                  {sweep.expected !== null && ` of ${formatCount(sweep.expected)}`}
                </td>
                <td>
                  <Time at={sweep.created_at} />
                </td>
                <td>{sweep.username}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const EXAMPLE = `program: train.py
method: bayes
metric: {name: val/loss, goal: minimize}
run_cap: 50
parameters:
  lr: {distribution: log_uniform_values, min: 1e-5, max: 1e-1}
  optimizer: {values: [adam, sgd]}`;

function FirstSweep({ entity, project }: { entity: string; project: string }) {
  return (
    <Empty title="No sweeps yet">
      <p>A sweep searches over parameters with as many agents as you start. Write down where to search:</p>
      <CodeBlock label="sweep.yaml" code={EXAMPLE} />
      <CodeBlock
        label="commands"
        code={`runstone sweep create sweep.yaml --entity ${entity} --project ${project}   # prints the sweep's name\nrunstone agent ${entity}/${project}/SWEEP`}
      />
      <p>The published client does the same, unchanged:</p>
      <CodeBlock
        label="commands of the published client"
        code={`wandb sweep --entity ${entity} --project ${project} sweep.yaml\nwandb agent ${entity}/${project}/SWEEP`}
      />
    </Empty>
  );
}
