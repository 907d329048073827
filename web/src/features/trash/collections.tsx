/** Whole artifacts in the trash: who deleted what when, how much it holds, until when it can come back. */

import { useQueryClient } from "@tanstack/react-query";
import { ArchiveRestore } from "lucide-react";
import { useEffect, useState, type Ref, type SyntheticEvent } from "react";

import { collectionsKey, readCollections, type Collection, type CollectionsAsked } from "@/api/artifacts";
import { ApiError } from "@/api/request";
import { Limiter } from "@/base/limiter";
import { formatBytes, formatCount, plural } from "@/base/numbers";
import { absoluteTime, timeUntil } from "@/base/time";
import { onProject } from "@/model/live";
import { usePlaced } from "@/model/placed";
import { toast } from "@/model/toasts";
import { Button, Field, IconButton, TextInput } from "@/widgets/controls";
import { describeError, Empty, ErrorPanel, LoadingBar, Skeleton } from "@/widgets/feedback";
import { Grid, type GridColumn, type GridHandle } from "@/widgets/grid";
import { Dialog } from "@/widgets/overlays";
import { Time } from "@/widgets/values";

import styles from "./trash.module.css";
import { useRestore } from "./use-restore";

const NARROW = 640;

export type TrashSort = "name" | "-name" | "deleted_at" | "-deleted_at" | "version_count" | "-version_count";
type Sorted = "name" | "deleted_at" | "version_count";

export interface CollectionsInTrashProps {
  entity: string;
  project: string;
  /** what they are called there: artifact, collection */
  noun: string;
  find?: string | undefined;
  type?: string | undefined;
  writes: boolean;
  /** where a restored one is */
  onOpen: (back: Collection) => void;
  onClear: () => void;
  onCount?: (count: number | null) => void;
  grid?: Ref<GridHandle>;
}

export function CollectionsInTrash({ entity, project, noun, find, type, writes, onOpen, onClear, onCount, grid }: CollectionsInTrashProps) {
  const [sort, setSort] = useState<TrashSort>("-deleted_at");
  const asked: CollectionsAsked = { trash: true, sort, ...(type !== undefined && { type }), ...(find !== undefined && { search: find }) };
  const found = usePlaced(collectionsKey(entity, project, asked), (place, signal) => readCollections(entity, project, asked, place, signal));
  useRefresh(entity, project);
  const count = found.isPending ? null : found.total;
  useEffect(() => onCount?.(count), [count, onCount]);
  const [taken, setTaken] = useState<{ row: Collection; message: string } | null>(null);
  const restore = useRestore(entity, project, {
    success: (back) => {
      setTaken(null);
      toast(`${back.name} is back with ${plural(back.version_count, "version")}`, { tone: "ok", action: { label: "Open", run: () => onOpen(back) } });
    },
    error: (error, { id }) => {
      const row = found.rows.find((one) => one?.id === id);
      // Another has its name: it is asked for one of its own.
      if (row && error instanceof ApiError && error.status === 409) setTaken({ row, message: error.message });
      else toast(describeError(error).message, { tone: "bad" });
    },
  });
  const begin = (row: Collection) => writes && !restore.isPending && restore.mutate({ id: row.id });
  if (found.error) return <ErrorPanel what={`The deleted ${noun}s could not be read`} error={found.error} onRetry={found.refetch} />;
  if (found.isPending) return <Skeleton height={320} />;
  if (found.total === 0) return <Nothing noun={noun} filtered={find !== undefined || type !== undefined} onClear={onClear} />;
  return (
    <>
      {found.isFetching && <LoadingBar />}
      <Grid
        ref={grid}
        label={`Deleted ${noun}s`}
        columns={columnsOf(sort, writes, restore.isPending, begin)}
        rows={found.rows}
        total={found.total}
        keyOf={(row) => String(row.id)}
        rowHeight={32}
        onSort={(column) => setSort(sort === `-${column as Sorted}` ? (column as Sorted) : `-${column as Sorted}`)}
        onOpen={begin}
        onRange={found.onRange}
      />
      {taken && (
        <OtherName
          key={taken.row.id}
          row={taken.row}
          message={taken.message}
          busy={restore.isPending}
          onClose={() => setTaken(null)}
          onName={(newName) => restore.mutate({ id: taken.row.id, newName })}
        />
      )}
    </>
  );
}

function orderOf(sort: TrashSort, column: Sorted): "asc" | "desc" | "none" {
  return sort === column ? "asc" : sort === `-${column}` ? "desc" : "none";
}

function columnsOf(sort: TrashSort, writes: boolean, busy: boolean, onRestore: (row: Collection) => void): GridColumn<Collection>[] {
  const narrow = window.innerWidth < NARROW;
  return [
    {
      id: "name",
      label: "Name",
      width: narrow ? 150 : 240,
      pinned: true,
      sort: orderOf(sort, "name"),
      cell: (row) => (
        <>
          <span title={row.name}>{row.name}</span>
          {row.kind === "portfolio" && <span className={styles["quiet"]}>linked</span>}
        </>
      ),
    },
    ...(writes
      ? [
          {
            id: "restore",
            label: "Restore",
            header: <span className="visually-hidden">Restore</span>,
            width: narrow ? 40 : 104,
            pinned: narrow,
            cell: (row: Collection) => {
              const act = { disabled: busy, tabIndex: -1, onClick: () => onRestore(row) };
              return narrow ? (
                <IconButton small label={`Restore ${row.name}`} {...act}>
                  <ArchiveRestore size={14} aria-hidden />
                </IconButton>
              ) : (
                <Button small aria-label={`Restore ${row.name}`} {...act}>
                  <ArchiveRestore size={14} aria-hidden /> Restore
                </Button>
              );
            },
          },
        ]
      : []),
    { id: "deleted_at", label: "Deleted", width: 120, sort: orderOf(sort, "deleted_at"), cell: (row) => <Time at={row.deleted_at} /> },
    { id: "deleted_by", label: "By", width: 120, cell: (row) => <span title={row.deleted_by}>{row.deleted_by}</span> },
    {
      id: "version_count",
      label: "Versions",
      width: 90,
      align: "right",
      sort: orderOf(sort, "version_count"),
      cell: (row) => formatCount(row.version_count),
    },
    {
      id: "bytes",
      label: "Size",
      width: 100,
      align: "right",
      cell: (row) => <span title={`${row.bytes ?? 0} bytes, each version counted in full`}>{formatBytes(row.bytes ?? 0)}</span>,
    },
    {
      id: "purge_at",
      label: "Gone for good",
      width: 140,
      cell: (row) => row.purge_at !== null && row.purge_at !== undefined && <span title={absoluteTime(row.purge_at)}>{timeUntil(row.purge_at)}</span>,
    },
    { id: "type", label: "Type", width: 120, cell: (row) => <span title={row.type}>{row.type}</span> },
    { id: "created_at", label: "Made", width: 120, cell: (row) => <Time at={row.created_at} /> },
    {
      id: "description",
      label: "Description",
      width: 280,
      cell: (row) => (
        <span className={styles["quiet"]} title={row.description}>
          {row.description.split("\n", 1)[0]}
        </span>
      ),
    },
  ];
}

function OtherName({ row, message, busy, onClose, onName }: { row: Collection; message: string; busy: boolean; onClose: () => void; onName: (name: string) => void }) {
  const [name, setName] = useState(`${row.name}-restored`);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    onName(name.trim());
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={`Restore ${row.name} under another name`}>
      <form className={styles["dialog"]} onSubmit={submit}>
        <p role="alert">{message}</p>
        <Field label="Name" hint="from now on">
          <TextInput value={name} autoFocus maxLength={128} onChange={(event) => setName(event.target.value)} />
        </Field>
        <div className={styles["dialogActions"]}>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="primary" disabled={name.trim() === "" || busy}>
            Restore
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Nothing({ noun, filtered, onClear }: { noun: string; filtered: boolean; onClear: () => void }) {
  if (filtered) {
    return (
      <Empty title="Nothing in the trash matches">
        <Button small onClick={onClear}>
          Show all
        </Button>
      </Empty>
    );
  }
  return (
    <Empty title="The trash is empty">
      <p>A whole {noun} that is deleted, here, from the command line or by a script, lies here for 30 days with all it has.</p>
    </Empty>
  );
}

/** What others delete or restore meanwhile shows up by itself. */
function useRefresh(entity: string, project: string): void {
  const queryClient = useQueryClient();
  useEffect(() => {
    const limiter = new Limiter(() => void queryClient.invalidateQueries({ queryKey: ["collections", entity, project] }), 3000);
    const stop = onProject(entity, project, (events) => {
      if (events === null || events.some((event) => event.kind === "artifact")) limiter.trigger();
    });
    return () => {
      stop();
      limiter.close();
    };
  }, [entity, project, queryClient]);
}
