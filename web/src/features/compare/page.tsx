/** What differs between runs: facts side by side, differing rows first in sight. */

import { useQueries } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { X } from "lucide-react";
import { useMemo } from "react";

import { runQuery } from "@/api/runs";
import type { Run } from "@/api/types";
import { csv } from "@/base/csv";
import { formatCount, fullValue } from "@/base/numbers";
import { differences, type DifferenceRow } from "@/model/difference";
import { Checkbox, IconButton, SearchInput } from "@/widgets/controls";
import { CopyButton, Empty, ErrorPanel, LoadingBar } from "@/widgets/feedback";
import { State, Swatch, Value } from "@/widgets/values";

import styles from "./page.module.css";
import { COMPARE_RUNS_MAX, type CompareSearch } from "./search";

const ROWS_MAX = 1000;

export function ComparePage() {
  const { entity, project } = useParams({ from: "/$entity/$project/compare" });
  const search = useSearch({ from: "/$entity/$project/compare" });
  const navigate = useNavigate({ from: "/$entity/$project/compare" });
  const ids = search.runs ?? [];
  const answers = useQueries({ queries: ids.map((id) => runQuery(entity, project, id)) });
  const runs = answers.map((answer) => answer.data).filter((run): run is Run => run !== undefined);
  const rows = useMemo(() => differences(runs), [runs]);
  const change = (next: Partial<CompareSearch>) =>
    void navigate({ search: (old: CompareSearch) => ({ ...old, ...next }), replace: true });

  if (ids.length === 0) {
    return (
      <Empty title="No runs to compare">
        <p>
          Choose some in the <Link to="/$entity/$project/runs" params={{ entity, project }}>runs table</Link> with{" "}
          <kbd>x</kbd>, then press <kbd>c</kbd>.
        </p>
      </Empty>
    );
  }
  const find = (search.find ?? "").toLowerCase();
  const wanted = rows.filter(
    (row) => (search.all === true || row.differs || runs.length < 2) && (find === "" || `${row.section} ${row.name}`.toLowerCase().includes(find)),
  );
  const shown = wanted.slice(0, ROWS_MAX);
  const error = answers.find((answer) => answer.error)?.error;
  return (
    <div className={styles["page"]}>
      <title>{`Compare ${ids.length} runs · ${project} · Runstone`}</title>
      <div className={styles["bar"]}>
        <h1>Compare</h1>
        <SearchInput
          label="Find a row"
          value={search.find ?? ""}
          onChange={(event) => change({ find: event.target.value === "" ? undefined : event.target.value })}
        />
        <Checkbox
          label="Show equal rows too"
          checked={search.all === true}
          onChange={(event) => change({ all: event.target.checked ? true : undefined })}
        />
        <span className={styles["quiet"]} role="status">
          {formatCount(rows.filter((row) => row.differs).length)} of {formatCount(rows.length)} rows differ
          {ids.length === COMPARE_RUNS_MAX && `; ${COMPARE_RUNS_MAX} runs at most`}
        </span>
        <CopyButton label="Copy the table as CSV" text={() => csv(tableOf(runs, wanted))} />
      </div>
      {error && <ErrorPanel what="One of the runs could not be read" error={error} />}
      {answers.some((answer) => answer.isPending) && <LoadingBar />}
      <div className={styles["scroll"]} tabIndex={0} role="region" aria-label="Comparison">
        <table>
          <thead>
            <tr>
              <th scope="col">Row</th>
              {runs.map((run) => (
                <th key={run.id} scope="col">
                  <span className={styles["run"]}>
                    <Swatch slot={run.colour} />
                    <Link to="/$entity/$project/runs/$run" params={{ entity, project, run: run.id }} title={run.id}>
                      {run.display_name}
                    </Link>
                    <State state={run.state} iconOnly />
                    <IconButton
                      small
                      label={`Leave ${run.display_name} out`}
                      onClick={() => change({ runs: ids.filter((id) => id !== run.id) })}
                    >
                      <X size={12} aria-hidden />
                    </IconButton>
                  </span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, at) => (
              <Row key={`${row.section}\n${row.name}`} row={row} first={shown[at - 1]?.section !== row.section} columns={runs.length} />
            ))}
          </tbody>
        </table>
        {runs.length === ids.length && wanted.length === 0 && (
          <Empty title={find === "" ? "The runs do not differ" : "No row matches"} />
        )}
        {wanted.length > shown.length && (
          <p className={styles["quiet"]}>
            {formatCount(ROWS_MAX)} of {formatCount(wanted.length)} rows shown; find others by name.
          </p>
        )}
      </div>
    </div>
  );
}

function Row({ row, first, columns }: { row: DifferenceRow; first: boolean; columns: number }) {
  return (
    <>
      {first && (
        <tr className={styles["section"]}>
          <th scope="rowgroup" colSpan={columns + 1}>
            {row.section}
          </th>
        </tr>
      )}
      <tr data-differs={row.differs}>
        <th scope="row">{row.name}</th>
        {row.values.map((value, at) => (
          <td key={at}>{value === undefined ? <span className={styles["none"]}>not set</span> : <Value value={value} />}</td>
        ))}
      </tr>
    </>
  );
}

function tableOf(runs: readonly Run[], rows: readonly DifferenceRow[]): string[][] {
  const head = ["section", "name", ...runs.map((run) => `${run.display_name} (${run.id})`)];
  return [head, ...rows.map((row) => [row.section, row.name, ...row.values.map(fullValue)])];
}
