/** Every run of a project in one grid: sorted and filtered by the server, compared, tagged, deleted. */

import { keepPreviousData, useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ArchiveRestore, GitCompare, Tag, Trash2 } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { deleteRuns, restoreRuns, runsQuery, tagRuns } from "@/api/runs";
import type { Run } from "@/api/types";
import { csv } from "@/base/csv";
import { Limiter } from "@/base/limiter";
import { formatCount, fullValue, plural } from "@/base/numbers";
import { absoluteTime, timeUntil } from "@/base/time";
import { ColumnsButton, FilterButton } from "@/features/filters";
import { columnLabel, columnWidth, selectOf, shortLabel } from "@/model/columns";
import { onProject } from "@/model/live";
import { useProjectRights } from "@/model/may";
import { useSelection } from "@/model/selection";
import { useShortcut } from "@/model/shortcuts";
import { toast } from "@/model/toasts";
import { Button, Checkbox, SearchInput, TextInput } from "@/widgets/controls";
import { CopyButton, describeError, Empty, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Grid, type GridColumn, type GridHandle } from "@/widgets/grid";
import { Confirm, Popover } from "@/widgets/overlays";
import { runCell, runValue } from "@/widgets/run-cell";
import { Swatch, Time } from "@/widgets/values";

import styles from "./page.module.css";
import type { RunsSearch } from "./search";

export function RunsPage() {
  const { entity, project } = useParams({ from: "/$entity/$project/runs" });
  const search = useSearch({ from: "/$entity/$project/runs" });
  const navigate = useNavigate({ from: "/$entity/$project/runs" });
  const change = useCallback(
    (next: Partial<RunsSearch>) => void navigate({ search: (old: RunsSearch) => ({ ...old, ...next }), replace: true }),
    [navigate],
  );
  const keys = search.columns ?? DEFAULT_COLUMNS;
  const sort = search.sort ?? "-created_at";
  const query = useInfiniteQuery({
    ...runsQuery(entity, project, {
      order: [sort],
      select: selectOf(keys),
      ...(search.q !== undefined && { search: search.q }),
      ...(search.filter !== undefined && { filter: search.filter }),
      ...(search.trash === true && { trash: true }),
    }),
    placeholderData: keepPreviousData,
  });
  useRefresh(entity, project);
  const runs = useMemo(() => query.data?.pages.flatMap((page) => page.runs) ?? [], [query.data]);
  const total = query.data?.pages[0]?.total ?? 0;
  const shown = useMemo(
    () => (search.diff === true ? keys.filter((key) => differs(key, runs)) : keys),
    [search.diff, keys, runs],
  );
  const place = `${entity}/${project}`;
  const selected = useSelection((state) => (state.place === place ? state.runs : NONE));
  const toggle = useSelection((state) => state.toggle);
  const choose = useSelection((state) => state.choose);
  const clear = useSelection((state) => state.clear);
  useEffect(() => clear, [place, search.trash, clear]);
  const grid = useRef<GridHandle>(null);
  const columns = useColumns(shown, sort, selected, (id) => toggle(place, id), search.trash === true, {
    all: runs.length > 0 && runs.every((run) => selected.has(run.id)),
    onAll: (all) => choose(place, all ? runs.map((run) => run.id) : []),
  });
  const onMore = useCallback(() => {
    if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
  }, [query]);
  // What is in the trash has no page until it is back.
  const open = (run: Run) =>
    search.trash !== true && void navigate({ to: "/$entity/$project/runs/$run", params: { entity, project, run: run.id } });

  const compare = () =>
    void navigate({
      to: "/$entity/$project/compare",
      params: { entity, project },
      search: { runs: selected.size > 0 ? [...selected] : runs.slice(0, 2).map((run) => run.id) },
    });
  useShortcut("c", "Compare the selected runs", "Runs", compare, runs.length > 0);
  useShortcut("j", "Next run", "Runs", () => grid.current?.move(1));
  useShortcut("k", "Run before", "Runs", () => grid.current?.move(-1));
  useShortcut("x", "Select the run", "Runs", () => {
    const run = runs[grid.current?.active() ?? -1];
    if (run) toggle(place, run.id);
  });
  useShortcut("a", "Select all loaded runs, or none", "Runs", () =>
    choose(place, runs.every((run) => selected.has(run.id)) ? [] : runs.map((run) => run.id)),
  );
  useShortcut("Enter", "Open the run", "Runs", () => {
    const run = runs[grid.current?.active() ?? -1];
    if (run) open(run);
  });

  return (
    <div className={styles["page"]}>
      <title>{`Runs · ${project} · Runstone`}</title>
      <h1 className="visually-hidden">Runs of {project}</h1>
      <div className={styles["bar"]}>
        <SearchText value={search.q ?? ""} onSearch={(q) => change({ q: q === "" ? undefined : q })} />
        <FilterButton
          entity={entity}
          project={project}
          filter={search.filter ?? {}}
          onChange={(filter) => change({ filter: Object.keys(filter).length === 0 ? undefined : filter })}
        />
        <ColumnsButton entity={entity} project={project} columns={keys} onChange={(next) => change({ columns: next })} />
        <Checkbox
          label="Differing columns only"
          checked={search.diff === true}
          onChange={(event) => change({ diff: event.target.checked ? true : undefined })}
        />
        <Checkbox
          label="Trash"
          checked={search.trash === true}
          onChange={(event) => change({ trash: event.target.checked ? true : undefined })}
        />
        <span className={styles["quiet"]} role="status">
          {query.isPending ? "" : runs.length < total ? `${formatCount(runs.length)} of ${plural(total, "run")} loaded` : plural(total, "run")}
        </span>
        <span className={styles["gap"]} />
        <Selection
          entity={entity}
          project={project}
          selected={selected}
          trash={search.trash === true}
          onDone={clear}
          onCompare={compare}
        />
        <CopyButton
          small={false}
          label="Copy the loaded rows as CSV"
          text={() =>
            csv([
              ["id", "name", ...shown],
              ...runs.map((run) => [run.id, run.display_name, ...shown.map((key) => fullValue(runValue(run, key)))]),
            ])
          }
        />
      </div>
      {query.error ? (
        <ErrorPanel what="The runs could not be read" error={query.error} onRetry={() => void query.refetch()} />
      ) : query.isPending ? (
        <Skeleton height={320} />
      ) : total === 0 ? (
        <Nothing search={search} onClear={() => change({ q: undefined, filter: undefined })} />
      ) : (
        <Grid
          ref={grid}
          label="Runs"
          columns={columns}
          rows={runs}
          total={total}
          keyOf={(run) => run.id}
          selected={(run) => selected.has(run.id)}
          hovers
          onSort={(key) => change({ sort: sort === `-${key}` ? `+${key}` : `-${key}` })}
          onOpen={open}
          onEnd={onMore}
        />
      )}
    </div>
  );
}

/** New runs show up by themselves; cells of known ones are patched as the feed tells. */
function useRefresh(entity: string, project: string): void {
  const queryClient = useQueryClient();
  useEffect(() => {
    const limiter = new Limiter(() => void queryClient.invalidateQueries({ queryKey: ["runs", entity, project] }), 3000);
    const stop = onProject(entity, project, (events) => {
      if (events === null || events.some((event) => event.kind === "run")) limiter.trigger();
    });
    return () => {
      stop();
      limiter.close();
    };
  }, [entity, project, queryClient]);
}

function differs(key: string, runs: readonly Run[]): boolean {
  return new Set(runs.map((run) => fullValue(runValue(run, key)))).size > 1;
}

const NONE: ReadonlySet<string> = new Set();
const DEFAULT_COLUMNS: readonly string[] = ["state", "created_at", "duration", "username", "tags"];
const TRASH_SECONDS = 30 * 86_400;

function useColumns(
  keys: readonly string[],
  sort: string,
  selected: ReadonlySet<string>,
  onSelect: (run: string) => void,
  trash: boolean,
  { all, onAll }: { all: boolean; onAll: (all: boolean) => void },
): GridColumn<Run>[] {
  const order = (key: string) => (sort.slice(1) === key ? (sort.startsWith("-") ? "desc" : "asc") : "none");
  return [
    {
      id: "select",
      label: "Selected",
      header: <input type="checkbox" tabIndex={-1} aria-label="Select all that are loaded" checked={all} onChange={(event) => onAll(event.target.checked)} />,
      width: 32,
      pinned: true,
      cell: (run) => (
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Select ${run.display_name}`}
          checked={selected.has(run.id)}
          onChange={() => onSelect(run.id)}
          onClick={(event) => event.stopPropagation()}
        />
      ),
    },
    {
      id: "name",
      label: "Name",
      width: 240,
      pinned: true,
      sort: order("name"),
      cell: (run) => (
        <>
          <Swatch slot={run.colour} />
          {trash ? (
            <span title={`${run.display_name} (${run.id})`}>{run.display_name}</span>
          ) : (
            <Link
              to="/$entity/$project/runs/$run"
              params={{ entity: run.entity, project: run.project, run: run.id }}
              tabIndex={-1}
              title={`${run.display_name} (${run.id})`}
            >
              {run.display_name}
            </Link>
          )}
        </>
      ),
    },
    ...(trash
      ? [
          { id: "deleted_at", label: "Deleted", width: 110, cell: (run: Run) => <Time at={run.deleted_at} /> },
          {
            id: "purge_at",
            label: "Gone for good",
            width: 130,
            cell: (run: Run) => run.deleted_at !== null && <span title={absoluteTime(run.deleted_at + TRASH_SECONDS)}>{timeUntil(run.deleted_at + TRASH_SECONDS)}</span>,
          },
        ]
      : []),
    ...keys.map(
      (key): GridColumn<Run> => ({
        id: key,
        label: columnLabel(key),
        header: <span title={key}>{shortLabel(columnLabel(key))}</span>,
        width: columnWidth(key) + 20,
        sort: order(key),
        cell: (run) => runCell(run, key),
      }),
    ),
  ];
}

function Nothing({ search, onClear }: { search: RunsSearch; onClear: () => void }) {
  if (search.trash === true && search.q === undefined && search.filter === undefined) {
    return (
      <Empty title="The trash is empty">
        <p>Runs that are deleted, here or by a script, lie here for 30 days with their metrics, consoles and files.</p>
      </Empty>
    );
  }
  if (search.q === undefined && search.filter === undefined) {
    return (
      <Empty title="No run yet">
        <p>Runs show here as soon as a script calls <code>runstone.init</code> for this project.</p>
      </Empty>
    );
  }
  return (
    <Empty title={search.trash === true ? "Nothing in the trash matches" : "No run matches"}>
      <Button small onClick={onClear}>
        Clear the filter
      </Button>
    </Empty>
  );
}

function SearchText({ value, onSearch }: { value: string; onSearch: (text: string) => void }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => onSearch(text), 250);
    return () => clearTimeout(timer);
  }, [text, value, onSearch]);
  useShortcut("/", "Search the runs", "Runs", () => document.getElementById("runs-search")?.focus());
  return <SearchInput id="runs-search" label="Name or id" value={text} onChange={(event) => setText(event.target.value)} />;
}

function Selection({
  entity,
  project,
  selected,
  trash,
  onDone,
  onCompare,
}: {
  entity: string;
  project: string;
  selected: ReadonlySet<string>;
  trash: boolean;
  onDone: () => void;
  onCompare: () => void;
}) {
  const [asked, setAsked] = useState(false);
  const [tag, setTag] = useState("");
  const queryClient = useQueryClient();
  const ids = [...selected];
  const { write } = useProjectRights(entity, project);
  const done = () => {
    onDone();
    void queryClient.invalidateQueries({ queryKey: ["runs", entity, project] });
  };
  const failed = (error: unknown) => toast(describeError(error).message, { tone: "bad" });
  const remove = useMutation({
    mutationFn: () => deleteRuns(entity, project, ids),
    onSuccess: ({ count }) => {
      toast(`${plural(count, "run")} in the trash`, {
        action: { label: "Undo", run: () => void restoreRuns(entity, project, ids).then(done, failed) },
      });
      done();
    },
    onError: failed,
  });
  const restore = useMutation({
    mutationFn: () => restoreRuns(entity, project, ids),
    onSuccess: ({ count }) => {
      toast(`${plural(count, "run")} restored`, { tone: "ok" });
      done();
    },
    onError: failed,
  });
  const mark = useMutation({
    mutationFn: () => tagRuns(entity, project, ids, [tag.trim()], []),
    onSuccess: ({ count }) => {
      toast(`${plural(count, "run")} tagged ${tag.trim()}`, { tone: "ok" });
      setTag("");
      done();
    },
    onError: failed,
  });
  if (ids.length === 0) return null;
  return (
    <div className={styles["selection"]}>
      <span className={styles["quiet"]}>{formatCount(ids.length)} selected</span>
      {trash ? (
        write.allowed && (
          <Button onClick={() => restore.mutate()}>
            <ArchiveRestore size={14} aria-hidden /> Restore
          </Button>
        )
      ) : (
        <>
          <Button onClick={onCompare}>
            <GitCompare size={14} aria-hidden /> Compare
          </Button>
          {write.allowed && (
            <>
              <Popover
                label="Tag the selected runs"
                width={240}
                trigger={
                  <Button>
                    <Tag size={14} aria-hidden /> Tag
                  </Button>
                }
              >
                <form
                  className={styles["filter"]}
                  onSubmit={(event) => {
                    event.preventDefault();
                    mark.mutate();
                  }}
                >
                  <TextInput aria-label="Tag" value={tag} autoFocus maxLength={128} onChange={(event) => setTag(event.target.value)} />
                  <Button small type="submit" tone="primary" disabled={tag.trim() === ""}>
                    Add the tag
                  </Button>
                </form>
              </Popover>
              <Button tone="danger" onClick={() => setAsked(true)}>
                <Trash2 size={14} aria-hidden /> Delete
              </Button>
            </>
          )}
        </>
      )}
      <Confirm
        open={asked}
        onOpenChange={setAsked}
        title={`Delete ${plural(ids.length, "run")}?`}
        action="Move to the trash"
        onConfirm={() => remove.mutate()}
      >
        They go to the trash with their metrics, consoles and files, and can be restored for 30 days.
      </Confirm>
    </div>
  );
}
