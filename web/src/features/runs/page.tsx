/** Every run of a project in one grid: sorted and filtered by the server, compared, tagged, deleted. */

import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ArchiveRestore, Columns3, GitCompare, Tag, Trash2 } from "lucide-react";
import { useCallback, useEffect, useMemo, useState, type SyntheticEvent } from "react";

import { columnsQuery, deleteRuns, restoreRuns, runsQuery, tagRuns } from "@/api/runs";
import type { Run } from "@/api/types";
import { formatCount, fullValue, plural } from "@/base/numbers";
import { Limiter } from "@/base/limiter";
import { onProject } from "@/model/live";
import { useShortcut } from "@/model/shortcuts";
import { toast } from "@/model/toasts";
import { Button, Checkbox, SearchInput, TextArea, TextInput } from "@/widgets/controls";
import { CopyButton, describeError, Empty, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Confirm, Popover } from "@/widgets/overlays";

import { columnOf, DEFAULT_COLUMNS, FACT_KEYS, selectOf } from "./columns";
import { Grid } from "./grid";
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
  const columns = useMemo(() => keys.map(columnOf), [keys]);
  const shown = search.diff === true ? columns.filter((column) => differs(column.value, runs)) : columns;
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => setSelected(new Set()), [entity, project, search.trash]);

  const compare = () =>
    void navigate({
      to: "/$entity/$project/compare",
      params: { entity, project },
      search: { runs: selected.size > 0 ? [...selected] : runs.slice(0, 2).map((run) => run.id) },
    });
  useShortcut("c", "Compare the selected runs", "Runs", compare, runs.length > 0);

  return (
    <div className={styles["page"]}>
      <title>{`Runs · ${project} · Runstone`}</title>
      <h1 className="visually-hidden">Runs of {project}</h1>
      <div className={styles["bar"]}>
        <SearchText value={search.q ?? ""} onSearch={(q) => change({ q: q === "" ? undefined : q })} />
        <FilterEditor filter={search.filter} onFilter={(filter) => change({ filter })} />
        <ColumnPicker entity={entity} project={project} keys={keys} onKeys={(next) => change({ columns: next })} />
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
          onDone={() => setSelected(new Set())}
          onCompare={compare}
        />
        <CopyButton
          small={false}
          label="Copy the loaded rows as CSV"
          text={() => csv(["id", "name", ...shown.map((column) => column.label)], runs.map((run) => [run.id, run.display_name, ...shown.map((column) => fullValue(column.value(run)))]))}
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
          runs={runs}
          total={total}
          columns={shown}
          sort={sort}
          onSort={(next) => change({ sort: next })}
          selected={selected}
          onSelect={setSelected}
          onMore={() => {
            if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
          }}
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

function differs(value: (run: Run) => unknown, runs: readonly Run[]): boolean {
  return new Set(runs.map((run) => fullValue(value(run)))).size > 1;
}

function Nothing({ search, onClear }: { search: RunsSearch; onClear: () => void }) {
  if (search.trash === true) return <Empty title="The trash is empty" />;
  if (search.q === undefined && search.filter === undefined) {
    return (
      <Empty title="No run yet">
        <p>Runs show here as soon as a script calls <code>runstone.init</code> for this project.</p>
      </Empty>
    );
  }
  return (
    <Empty title="No run matches">
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

/** The filter language as JSON, checked before it is applied. */
function FilterEditor({ filter, onFilter }: { filter: RunsSearch["filter"]; onFilter: (filter: RunsSearch["filter"]) => void }) {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState("");
  useEffect(() => {
    if (open) setText(filter ? JSON.stringify(filter, null, 2) : "");
    setWrong("");
  }, [open, filter]);
  const apply = (event: SyntheticEvent) => {
    event.preventDefault();
    if (text.trim() === "") {
      onFilter(undefined);
      setOpen(false);
      return;
    }
    try {
      const parsed: unknown = JSON.parse(text);
      if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw new Error("A filter is an object.");
      onFilter(parsed as RunsSearch["filter"]);
      setOpen(false);
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Popover
      label="Filter"
      width={420}
      open={open}
      onOpenChange={setOpen}
      trigger={<Button aria-pressed={filter !== undefined}>Filter{filter === undefined ? "" : ` (${Object.keys(filter).length})`}</Button>}
    >
      <form className={styles["filter"]} onSubmit={apply}>
        <TextArea
          aria-label="Filter"
          rows={6}
          value={text}
          placeholder={'{"config.lr": {"$lt": 0.01}, "state": "finished"}'}
          aria-invalid={wrong !== ""}
          onChange={(event) => setText(event.target.value)}
        />
        {wrong !== "" && (
          <p role="alert" className={styles["wrong"]}>
            {wrong}
          </p>
        )}
        <p className={styles["quiet"]}>
          Keys: state, tags, username, group, created_at, config.…, summary.… Operators: $eq $ne $gt $gte $lt $lte $in $nin
          $exists $regex $and $or $not.
        </p>
        <div className={styles["actions"]}>
          <Button small onClick={() => setText("")}>
            Clear
          </Button>
          <Button small type="submit" tone="primary">
            Apply
          </Button>
        </div>
      </form>
    </Popover>
  );
}

function ColumnPicker({ entity, project, keys, onKeys }: { entity: string; project: string; keys: readonly string[]; onKeys: (keys: string[]) => void }) {
  const [search, setSearch] = useState("");
  const [open, setOpen] = useState(false);
  const found = useQuery({ ...columnsQuery(entity, project, search), enabled: open, placeholderData: keepPreviousData });
  const wanted = search.toLowerCase();
  const offered = [...FACT_KEYS.filter((key) => key.includes(wanted)), ...(found.data?.columns.map((column) => column.path) ?? [])];
  const toggle = (key: string) => onKeys(keys.includes(key) ? keys.filter((one) => one !== key) : [...keys, key]);
  return (
    <Popover
      label="Columns"
      open={open}
      onOpenChange={setOpen}
      trigger={
        <Button>
          <Columns3 size={14} aria-hidden /> Columns
        </Button>
      }
    >
      <SearchInput label="Find a column" value={search} onChange={(event) => setSearch(event.target.value)} />
      <div className={styles["choices"]} tabIndex={0} role="group" aria-label="Columns to choose">
        {[...new Set([...keys, ...offered])].map((key) => (
          <Checkbox key={key} label={columnOf(key).label} checked={keys.includes(key)} onChange={() => toggle(key)} />
        ))}
        {found.data?.next && <span className={styles["quiet"]}>More columns match: write more of the name.</span>}
      </div>
    </Popover>
  );
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
        <Button onClick={() => restore.mutate()}>
          <ArchiveRestore size={14} aria-hidden /> Restore
        </Button>
      ) : (
        <>
          <Button onClick={onCompare}>
            <GitCompare size={14} aria-hidden /> Compare
          </Button>
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

function csv(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [head, ...rows].map((line) => line.map(cell).join(",")).join("\n");
}
