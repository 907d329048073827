/** The list beside the charts: which runs are there, which are drawn, and in which colour. */

import { Link, useNavigate } from "@tanstack/react-router";
import { ChevronDown, ChevronRight, Eye, EyeOff, Pin } from "lucide-react";
import { useCallback, useMemo, useRef, useState, type MouseEvent } from "react";

import type { Run } from "@/api/types";
import { valueAt } from "@/base/flatten";
import { formatCount, plural } from "@/base/numbers";
import { ColumnsButton, FilterButton, GroupButton, SortButton } from "@/features/filters";
import { columnLabel, columnWidth, shortLabel } from "@/model/columns";
import { useHover } from "@/model/hover";
import { useSelection } from "@/model/selection";
import { useShortcut } from "@/model/shortcuts";
import { DRAWN_MAX } from "@/model/workspace/spec";
import { Button, SearchInput } from "@/widgets/controls";
import { Empty, ErrorPanel, LoadingBar, Skeleton } from "@/widgets/feedback";
import { ColourPicker } from "@/widgets/colour-picker";
import { Grid, type GridColumn, type GridHandle } from "@/widgets/grid";
import { Duration, State, Time, Value } from "@/widgets/values";

import { useExpanded } from "./expanded";
import styles from "./run-list.module.css";
import { eyeOpen, MEMBERS_MAX, type GroupRow, type useGroups, type useRuns } from "./use-runs";
import type { WorkspaceState } from "./use-view";

/** A line of the list: a run, a group, or the way to more of a group's runs. */
export type ListRow =
  | { kind: "run"; key: string; run: Run; level: number }
  | { kind: "group"; key: string; group: GroupRow; open: boolean }
  | { kind: "more"; key: string; text: string };

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
      <Foot state={state} runs={runs} groups={groups} selected={selected} onCompare={compare} />
    </section>
  );
}

function inControl(event: MouseEvent): boolean {
  return event.target instanceof Element && event.target.closest("a, button, input") !== null;
}

function treeOf(row: ListRow): { level: number; expanded?: boolean } {
  if (row.kind === "group") return { level: 1, expanded: row.open };
  return { level: 2 };
}

/** Pinned runs stand first, wherever the order would have them. */
function listRows(runs: readonly Run[], named: readonly Run[], pins: readonly string[]): ListRow[] {
  const known = new Map([...named, ...runs].map((run) => [run.id, run]));
  const first = pins.map((id) => known.get(id)).filter((run) => run !== undefined);
  const rest = runs.filter((run) => !pins.includes(run.id));
  return [...first, ...rest].map((run) => ({ kind: "run", key: run.id, run, level: 1 }));
}

function useListColumns({
  state,
  rows,
  widths,
  toggleEye,
}: {
  state: WorkspaceState;
  rows: readonly ListRow[];
  widths: Readonly<Record<string, number>>;
  toggleEye: (id: string, alone: boolean) => void;
}): GridColumn<ListRow>[] {
  const { entity, project, spec, change } = state;
  return useMemo(() => {
    const recolour = (id: string, slot: number | undefined) => {
      const colours = { ...spec.colours };
      if (slot === undefined) Reflect.deleteProperty(colours, id);
      else colours[id] = slot;
      change({ colours });
    };
    const anyShown = spec.only === null ? rows.some((row) => row.kind !== "more" && !spec.hidden.includes(row.key)) : spec.only.length > 0;
    const sortOf = (key: string) => {
      if (spec.sort === `-${key}`) return "desc" as const;
      return spec.sort === `+${key}` ? ("asc" as const) : ("none" as const);
    };
    const eye: GridColumn<ListRow> = {
      id: "eye",
      label: "Shown in charts",
      width: 30,
      pinned: true,
      header: (
        <button
          type="button"
          className={styles["eye"]}
          aria-label={anyShown ? "Hide all runs" : "Show all runs"}
          title={anyShown ? "Hide all runs" : "Show all runs"}
          onClick={() => change(anyShown ? { only: [], hidden: [] } : { only: null, hidden: [] })}
        >
          {anyShown ? <Eye size={14} aria-hidden /> : <EyeOff size={14} aria-hidden />}
        </button>
      ),
      cell: (row) => {
        if (row.kind === "more") return null;
        const id = row.kind === "run" ? row.run.id : row.group.name;
        const name = row.kind === "run" ? row.run.display_name : row.group.label;
        const shown = eyeOpen(spec, id);
        if (row.kind === "run" && row.level > 1) return null;
        return (
          <button
            type="button"
            tabIndex={-1}
            className={styles["eye"]}
            aria-label={`${shown ? "Hide" : "Show"} ${name}`}
            aria-pressed={shown}
            title={`${shown ? "Hide" : "Show"} (Alt: show only this one)`}
            onClick={(event) => toggleEye(id, event.altKey)}
          >
            {shown ? <Eye size={14} aria-hidden /> : <EyeOff size={14} aria-hidden />}
          </button>
        );
      },
    };
    const name: GridColumn<ListRow> = {
      id: "name",
      label: "Name",
      width: widths["name"] ?? 190,
      pinned: true,
      sort: sortOf("name"),
      cell: (row) => {
        if (row.kind === "more") return <span className={styles["muted"]}>{row.text}</span>;
        if (row.kind === "group") {
          return (
            <>
              {row.open ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />}
              <ColourPicker
                name={row.group.label}
                slot={row.group.slot}
                chosen={spec.colours[row.group.name]}
                onChoose={(slot) => recolour(row.group.name, slot)}
              />
              <span title={row.group.label}>{row.group.label}</span>
              <span className={styles["count"]}>{formatCount(row.group.group.count)}</span>
            </>
          );
        }
        return (
          <>
            {row.level > 1 && <span className={styles["indent"]} />}
            <ColourPicker
              name={row.run.display_name}
              slot={spec.colours[row.run.id] ?? row.run.colour}
              chosen={spec.colours[row.run.id]}
              onChoose={(slot) => recolour(row.run.id, slot)}
            />
            <Link
              to="/$entity/$project/runs/$run"
              params={{ entity, project, run: row.run.id }}
              className={styles["name"]}
              tabIndex={-1}
              title={`${row.run.display_name} (${row.run.id})`}
            >
              {row.run.display_name}
            </Link>
            {spec.pins.includes(row.run.id) && <Pin size={12} aria-label="Pinned" className={styles["pin"]} />}
          </>
        );
      },
    };
    const shown = ["state", "created_at", ...spec.columns.filter((key) => key !== "state" && key !== "created_at" && key !== "name")];
    return [
      eye,
      name,
      ...shown.map(
        (key): GridColumn<ListRow> => ({
          id: key,
          label: columnLabel(key),
          header: <span>{shortLabel(columnLabel(key))}</span>,
          width: widths[key] ?? columnWidth(key),
          sort: sortOf(key),
          cell: (row) => (row.kind === "run" ? cellOf(row.run, key) : row.kind === "group" ? groupCell(row.group, key) : null),
        }),
      ),
    ];
  }, [spec, rows, widths, change, toggleEye, entity, project]);
}

function cellOf(run: Run, key: string) {
  if (key === "state") return <State state={run.state} />;
  if (key === "created_at") return <Time at={run.created_at} />;
  if (key === "finished_at") return <Time at={run.finished_at} />;
  if (key === "heartbeat_at") return <Time at={run.heartbeat_at} />;
  if (key === "duration") return <Duration seconds={run.duration} />;
  if (key === "tags") return <span title={run.tags.join(", ")}>{run.tags.join(", ")}</span>;
  const value = key.startsWith("config.")
    ? valueAt(run.config, key.slice(7))
    : key.startsWith("summary.")
      ? valueAt(run.summary, key.slice(8))
      : valueAt(run, key);
  return value === undefined || value === null || value === "" ? null : <Value value={value} />;
}

/** Of a group: how many runs in which state, and means of what is a number. */
function groupCell({ group }: GroupRow, key: string) {
  if (key === "state") {
    const words = Object.entries(group.states).map(([word, count]) => `${count} ${word}`);
    return <span title={words.join(", ")}>{words.join(", ")}</span>;
  }
  const statistics = group.statistics[key];
  if (!statistics || statistics.mean === null) return null;
  return (
    <span title={`mean of ${statistics.count}, min ${statistics.min}, max ${statistics.max}`}>
      <Value value={statistics.mean} />
    </span>
  );
}

function Foot({
  state,
  runs,
  groups,
  selected,
  onCompare,
}: {
  state: WorkspaceState;
  runs: ReturnType<typeof useRuns>;
  groups: ReturnType<typeof useGroups>;
  selected: ReadonlySet<string>;
  onCompare: () => void;
}) {
  const { spec, change } = state;
  if (selected.size > 0) {
    return (
      <div className={styles["foot"]}>
        <span>{plural(selected.size, "run")} selected</span>
        <Button small onClick={onCompare} disabled={selected.size < 2}>
          Compare
        </Button>
        <Button small onClick={() => change({ only: [...selected] })}>
          Show only these
        </Button>
        <Button small tone="quiet" onClick={() => useSelection.getState().clear()}>
          Clear
        </Button>
      </div>
    );
  }
  if (spec.group.length > 0) {
    const drawnRuns = groups.drawn.reduce((sum, group) => sum + group.runs.length, 0);
    const allRuns = groups.rows
      .filter((row) => groups.drawn.some((group) => group.name === row.name))
      .reduce((sum, row) => sum + row.group.count, 0);
    return (
      <div className={styles["foot"]}>
        <span role="status">
          {plural(groups.drawn.length, "group")} of {formatCount(groups.rows.length)}
          {groups.cut ? " or more" : ""} drawn, over{" "}
          {drawnRuns < allRuns
            ? `${formatCount(drawnRuns)} of ${plural(allRuns, "run")}: at most ${formatCount(MEMBERS_MAX)} of a group`
            : plural(drawnRuns, "run")}
        </span>
        {groups.drawn.length < groups.rows.length && spec.drawn < DRAWN_MAX && groups.rows.length > spec.drawn && (
          <Button small onClick={() => change({ drawn: Math.min(DRAWN_MAX, spec.drawn * 2) })}>
            Draw more
          </Button>
        )}
      </div>
    );
  }
  const drawn = runs.drawnRuns.length;
  const more = spec.only === null && drawn >= spec.drawn && drawn < runs.total - spec.hidden.length;
  const next = Math.min(DRAWN_MAX, spec.drawn < 50 ? 50 : spec.drawn < 100 ? 100 : DRAWN_MAX);
  return (
    <div className={styles["foot"]}>
      <span role="status">
        {formatCount(drawn)} of {plural(runs.total, "run")} drawn
      </span>
      {more && next > spec.drawn && (
        <Button small onClick={() => change({ drawn: next })}>
          Draw {next}
        </Button>
      )}
      {more && next <= spec.drawn && <span>{DRAWN_MAX} is the most a chart draws; filter or group</span>}
      {(spec.hidden.length > 0 || spec.only !== null) && (
        <Button small tone="quiet" onClick={() => change({ hidden: [], only: null })}>
          Show all
        </Button>
      )}
      {runs.news.waiting > 0 && (
        <Button small onClick={runs.news.show}>
          {plural(runs.news.waiting, "change")}: refresh
        </Button>
      )}
    </div>
  );
}

/** Esc lets go of everything that was picked up. */
export function useEscape(state: WorkspaceState): void {
  useShortcut("Escape", "Let go of pins, selection and highlights", "Runs", () => {
    useHover.getState().set(null);
    useSelection.getState().clear();
    if (state.spec.pins.length > 0) state.change({ pins: [] });
  });
}
