/** The list beside the charts: which runs are there, which are drawn, and in which colour. */

import { useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo, useRef, useState, type MouseEvent } from "react";

import { ColumnsButton, FilterButton, GroupButton, SortButton } from "@/features/filters";
import { useHover } from "@/model/hover";
import { useSelection } from "@/model/selection";
import { useShortcut } from "@/model/shortcuts";
import { Button, SearchInput } from "@/widgets/controls";
import { Empty, ErrorPanel, LoadingBar, Skeleton } from "@/widgets/feedback";
import { Grid, type GridHandle } from "@/widgets/grid";

import { useExpanded } from "./expanded";
import { useListColumns } from "./list-columns";
import { ListFoot } from "./list-foot";
import { listRows, treeOf, type ListRow } from "./list-rows";
import styles from "./run-list.module.css";
import { eyeOpen, type useGroups, type useRuns } from "./use-runs";
import type { WorkspaceState } from "./use-view";

const NO_RUNS: ReadonlySet<string> = new Set();

export function RunList({
  state,
  runs,
  groups,
}: {
  state: WorkspaceState;
  runs: ReturnType<typeof useRuns>;
  groups: ReturnType<typeof useGroups>;
}) {
  const { entity, project, spec, change } = state;
  const navigate = useNavigate();
  const grid = useRef<GridHandle>(null);
  const searchBox = useRef<HTMLInputElement>(null);
  const [filterOpen, setFilterOpen] = useState(false);
  const [widths, setWidths] = useState<Readonly<Record<string, number>>>({});
  const place = `${entity}/${project}`;
  const selected = useSelection((one) => (one.place === place ? one.runs : NO_RUNS));
  const grouped = spec.group.length > 0;
  const expanded = useExpanded(entity, project, spec, groups.rows);

  const rows = useMemo(
    () => (grouped ? expanded.rows : listRows(runs.runs, runs.named, spec.pins)),
    [grouped, expanded.rows, runs.runs, runs.named, spec.pins],
  );

  const toggleEye = useCallback(
    (id: string, alone: boolean) => {
      if (alone) change(spec.only?.length === 1 && spec.only[0] === id ? { only: null } : { only: [id] });
      else if (spec.only) {
        change({ only: spec.only.includes(id) ? spec.only.filter((one) => one !== id) : [...spec.only, id] });
      } else {
        change({ hidden: spec.hidden.includes(id) ? spec.hidden.filter((one) => one !== id) : [...spec.hidden, id] });
      }
    },
    [change, spec.only, spec.hidden],
  );
  const togglePin = useCallback(
    (id: string) => change({ pins: spec.pins.includes(id) ? spec.pins.filter((one) => one !== id) : [...spec.pins, id] }),
    [change, spec.pins],
  );
  const open = (row: ListRow) => {
    if (row.kind === "run") {
      void navigate({ to: "/$entity/$project/runs/$run", params: { entity, project, run: row.run.id } });
    } else if (row.kind === "group") expanded.toggle(row.group.name);
    else expanded.more(row.key);
  };
  const compare = () => {
    const chosen = selected.size > 0 ? [...selected] : runs.drawnRuns.slice(0, 10).map((run) => run.id);
    void navigate({ to: "/$entity/$project/compare", params: { entity, project }, search: { runs: chosen } });
  };
  const activeRow = () => rows[grid.current?.active() ?? -1];
  const activeId = () => {
    const row = activeRow();
    return row?.kind === "run" ? row.run.id : row?.kind === "group" ? row.group.name : undefined;
  };
  const withActive = (act: (id: string) => void) => () => {
    const id = activeId();
    if (id !== undefined) act(id);
  };
  useShortcut("j", "Next run", "Runs", () => grid.current?.move(1));
  useShortcut("k", "Run before", "Runs", () => grid.current?.move(-1));
  useShortcut("space", "Show or hide the run", "Runs", withActive((id) => toggleEye(id, false)));
  useShortcut("x", "Select the run", "Runs", withActive((id) => !grouped && useSelection.getState().toggle(place, id)));
  useShortcut("p", "Pin the run", "Runs", withActive(togglePin));
  useShortcut("Enter", "Open the run", "Runs", () => {
    const row = activeRow();
    if (row) open(row);
  });
  useShortcut("c", "Compare the selected runs", "Runs", compare);
  useShortcut("/", "Filter runs", "Runs", () => setFilterOpen(true));

  const columns = useListColumns({ state, rows, widths, toggleEye });
  const { query } = grouped ? groups : runs;
  const pending = query.isPending;
  const nothing = !pending && !query.error && rows.length === 0;
  const filtered = spec.q !== "" || Object.keys(spec.filter).length > 0;
  const loadMore = useCallback(() => {
    if (!grouped && runs.query.hasNextPage && !runs.query.isFetching) void runs.query.fetchNextPage();
  }, [grouped, runs.query]);

  return (
    <section className={styles["list"]} aria-label="Runs">
      <div className={styles["bar"]}>
        <SearchInput
          ref={searchBox}
          label="Find runs by name or id"
          value={spec.q}
          onChange={(event) => change({ q: event.target.value }, { replace: true })}
        />
      </div>
      <div className={styles["tools"]} role="toolbar" aria-label="Which runs">
        <FilterButton
          entity={entity}
          project={project}
          filter={spec.filter}
          onChange={(filter) => change({ filter })}
          open={filterOpen}
          onOpenChange={setFilterOpen}
        />
        <GroupButton
          entity={entity}
          project={project}
          group={spec.group}
          onChange={(group) => change({ group, hidden: [], only: null })}
        />
        <SortButton entity={entity} project={project} sort={spec.sort} onChange={(sort) => change({ sort })} />
        <ColumnsButton entity={entity} project={project} columns={spec.columns} onChange={(next) => change({ columns: next })} />
      </div>
      <div className={styles["body"]}>
        {query.isFetching && !pending && <LoadingBar label="Loading runs" />}
        {query.error && rows.length === 0 ? (
          <div className={styles["error"]}>
            <ErrorPanel what="The runs could not be read" error={query.error} onRetry={() => void query.refetch()} />
          </div>
        ) : pending ? (
          <div className={styles["skeletons"]}>
            {Array.from({ length: 12 }, (_, at) => (
              <Skeleton key={at} height={14} width={`${60 + ((at * 17) % 40)}%`} />
            ))}
          </div>
        ) : nothing ? (
          filtered && (
            <Empty title="No run matches">
              <Button small onClick={() => change({ q: "", filter: {} })}>
                Clear the filter
              </Button>
            </Empty>
          )
        ) : (
          <Grid
            ref={grid}
            label="Runs"
            columns={columns}
            rows={rows}
            total={grouped ? rows.length : runs.total}
            keyOf={(row) => row.key}
            hovers
            {...(grouped && { tree: treeOf })}
            selected={(row) => row.kind === "run" && selected.has(row.run.id)}
            faded={(row) => row.kind !== "more" && !eyeOpen(spec, row.kind === "run" ? row.run.id : row.group.name)}
            onSort={(key) => change({ sort: spec.sort === `-${key}` ? `+${key}` : `-${key}` })}
            onResize={(key, width) => setWidths((old) => ({ ...old, [key]: width }))}
            onOpen={open}
            onClick={(row, _, event) => {
              if (inControl(event)) return;
              if (row.kind === "run" && !grouped) togglePin(row.run.id);
              else if (row.kind !== "run") open(row);
            }}
            onEnd={loadMore}
          />
        )}
      </div>
      <ListFoot state={state} runs={runs} groups={groups} selected={selected} onCompare={compare} />
    </section>
  );
}

function inControl(event: MouseEvent): boolean {
  return event.target instanceof Element && event.target.closest("a, button, input") !== null;
}

/** Esc lets go of everything that was picked up. */
export function useEscape(state: WorkspaceState): void {
  useShortcut("Escape", "Let go of pins, selection and highlights", "Runs", () => {
    useHover.getState().set(null);
    useSelection.getState().clear();
    if (state.spec.pins.length > 0) state.change({ pins: [] });
  });
}
