/** The project's artifacts: collections of any number in a grid, by type, found by name, tag and alias. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { artifactTypesQuery, collectionsKey, readCollections, type Collection, type CollectionsAsked } from "@/api/artifacts";
import { Limiter } from "@/base/limiter";
import { formatCount, plural } from "@/base/numbers";
import { orderOf, turned } from "@/base/order";
import { CollectionsInTrash } from "@/features/trash";
import { useProjectRights } from "@/model/may";
import { onProject } from "@/model/live";
import { usePlaced } from "@/model/placed";
import { useShortcut } from "@/model/shortcuts";
import { Button, Checkbox } from "@/widgets/controls";
import { CodeBlock, Empty, ErrorPanel, LoadingBar, Skeleton } from "@/widgets/feedback";
import { Grid, type GridColumn, type GridHandle } from "@/widgets/grid";
import { SearchText } from "@/widgets/search-text";
import { Time } from "@/widgets/values";

import styles from "./artifacts.module.css";
import { Chips } from "./chips";
import type { ArtifactsSearch } from "./search";

const AT = "/$entity/$project/artifacts";
const NARROW = 640;
const NO_FILTER = { find: undefined, tag: undefined, alias: undefined, type: undefined };

export function ArtifactsPage() {
  const { entity, project } = useParams({ from: AT });
  const search = useSearch({ from: AT });
  const types = useQuery(artifactTypesQuery(entity, project));
  useRefresh(entity, project);
  // Counts are of living ones: beside the trash they would mislead.
  const trash = search.trash === true;
  const shown = types.data?.types.filter((type) => trash || type.collection_count > 0) ?? [];
  const all = shown.reduce((sum, type) => sum + type.collection_count, 0);
  if (types.isSuccess && all === 0 && !trash) return <FirstArtifact entity={entity} project={project} />;
  return (
    <div className={styles["page"]}>
      <title>{`Artifacts · ${project} · Runstone`}</title>
      <nav aria-label="Artifact types" className={styles["side"]}>
        <h2>Types</h2>
        <TypeLink name={undefined} label="All" count={trash ? null : all} search={search} />
        {shown.map((type) => (
          <TypeLink key={type.name} name={type.name} label={type.name} count={trash ? null : type.collection_count} search={search} />
        ))}
      </nav>
      <div className={styles["listPage"]}>
        {types.error && <ErrorPanel what="The types could not be read" error={types.error} onRetry={() => void types.refetch()} />}
        {trash ? <Deleted key={`${entity}/${project}`} /> : <Collections key={`${entity}/${project}`} />}
      </div>
    </div>
  );
}

function TypeLink({ name, label, count, search }: { name: string | undefined; label: string; count: number | null; search: ArtifactsSearch }) {
  return (
    <Link from={AT} to="." search={{ ...search, type: name }} data-chosen={search.type === name} title={label}>
      <span>{label}</span>
      <span>{count !== null && formatCount(count)}</span>
    </Link>
  );
}

function Collections() {
  const { entity, project } = useParams({ from: AT });
  const search = useSearch({ from: AT });
  const navigate = useNavigate({ from: AT });
  const change = useCallback(
    (next: Partial<ArtifactsSearch>) => void navigate({ search: (old: ArtifactsSearch) => ({ ...old, ...next }), replace: true }),
    [navigate],
  );
  const sort = search.sort ?? "-updated_at";
  const { type, find, tag, alias } = search;
  const asked = useMemo<CollectionsAsked>(
    () => ({
      sort,
      ...(type !== undefined && { type }),
      ...(find !== undefined && { search: find }),
      ...(tag !== undefined && { tag }),
      ...(alias !== undefined && { alias }),
    }),
    [sort, type, find, tag, alias],
  );
  const found = usePlaced(collectionsKey(entity, project, asked), (place, signal) => readCollections(entity, project, asked, place, signal));
  const grid = useRef<GridHandle>(null);
  const input = useRef<HTMLInputElement>(null);
  const leave = () => grid.current?.focus();
  useShortcut("/", "Find artifacts", "Artifacts", () => input.current?.focus());
  useShortcut("j", "Next artifact", "Artifacts", () => grid.current?.move(1));
  useShortcut("k", "Artifact before", "Artifacts", () => grid.current?.move(-1));
  const filtered = [type, find, tag, alias].some((one) => one !== undefined);
  const columns = columnsOf(entity, project, sort, (next) => change({ tag: next }));
  return (
    <>
      <div className={styles["listBar"]}>
        <h1>Artifacts</h1>
        <SearchText ref={input} label="Find artifacts by name" value={find ?? ""} onSearch={(text) => change({ find: text === "" ? undefined : text })} onLeave={leave} />
        <SearchText
          label="With the tag"
          value={tag ?? ""}
          className={styles["short"] ?? ""}
          onSearch={(text) => change({ tag: text === "" ? undefined : text })}
          onLeave={leave}
        />
        <SearchText
          label="With the alias"
          value={alias ?? ""}
          className={styles["short"] ?? ""}
          onSearch={(text) => change({ alias: text === "" ? undefined : text })}
          onLeave={leave}
        />
        <Checkbox label="Trash" checked={false} onChange={() => change({ trash: true, tag: undefined, alias: undefined })} />
        <span className={styles["quiet"]} role="status">
          {!found.isPending && plural(found.total, "artifact")}
          {filtered && !found.isPending && " found"}
        </span>
      </div>
      <div className={styles["listBody"]}>
        {found.isFetching && !found.isPending && <LoadingBar />}
        {found.error ? (
          <ErrorPanel what="The artifacts could not be read" error={found.error} onRetry={found.refetch} />
        ) : found.isPending ? (
          <Skeleton height={320} />
        ) : found.total === 0 ? (
          <Empty title="No artifact matches">
            <Button small onClick={() => change(NO_FILTER)}>
              Show all
            </Button>
          </Empty>
        ) : (
          <Grid
            ref={grid}
            label="Artifacts"
            columns={columns}
            rows={found.rows}
            total={found.total}
            keyOf={(row) => String(row.id)}
            rowHeight={32}
            onSort={(column) => change({ sort: turned(sort, column, column === "name" ? "asc" : "desc") })}
            onOpen={(row) =>
              void navigate({ to: "/$entity/$project/artifacts/$type/$collection", params: { entity, project, type: row.type, collection: row.name } })
            }
            onRange={found.onRange}
          />
        )}
      </div>
    </>
  );
}

/** What was deleted, in the same place of the page. */
function Deleted() {
  const { entity, project } = useParams({ from: AT });
  const { type, find } = useSearch({ from: AT });
  const navigate = useNavigate({ from: AT });
  const change = (next: Partial<ArtifactsSearch>) => void navigate({ search: (old: ArtifactsSearch) => ({ ...old, ...next }), replace: true });
  const writes = useProjectRights(entity, project).write.allowed;
  const [count, setCount] = useState<number | null>(null);
  const grid = useRef<GridHandle>(null);
  const input = useRef<HTMLInputElement>(null);
  useShortcut("/", "Find artifacts", "Artifacts", () => input.current?.focus());
  useShortcut("j", "Next artifact", "Artifacts", () => grid.current?.move(1));
  useShortcut("k", "Artifact before", "Artifacts", () => grid.current?.move(-1));
  return (
    <>
      <div className={styles["listBar"]}>
        <h1>Artifacts</h1>
        <SearchText
          ref={input}
          label="Find in the trash"
          value={find ?? ""}
          onSearch={(text) => change({ find: text === "" ? undefined : text })}
          onLeave={() => grid.current?.focus()}
        />
        <Checkbox label="Trash" checked onChange={() => change({ trash: undefined })} />
        <span className={styles["quiet"]} role="status">
          {count !== null && `${plural(count, "artifact")} in the trash`}
        </span>
        <span data-gap />
        <Link to="/$entity/$project/settings" params={{ entity, project }} hash="deletions" className={styles["quiet"]}>
          Deletions of many versions
        </Link>
      </div>
      <div className={styles["listBody"]}>
        <CollectionsInTrash
          entity={entity}
          project={project}
          noun="artifact"
          find={find}
          type={type}
          writes={writes}
          grid={grid}
          onCount={setCount}
          onClear={() => change({ find: undefined, type: undefined })}
          onOpen={(back) => void navigate({ to: "/$entity/$project/artifacts/$type/$collection", params: { entity, project, type: back.type, collection: back.name } })}
        />
      </div>
    </>
  );
}

function columnsOf(entity: string, project: string, sort: string, onTag: (tag: string) => void): GridColumn<Collection>[] {
  return [
    {
      id: "name",
      label: "Name",
      width: window.innerWidth < NARROW ? 190 : 280,
      pinned: true,
      sort: orderOf(sort, "name"),
      cell: (row) => (
        <>
          <Link
            to="/$entity/$project/artifacts/$type/$collection"
            params={{ entity, project, type: row.type, collection: row.name }}
            tabIndex={-1}
            title={row.name}
          >
            {row.name}
          </Link>
          {row.kind === "portfolio" && <span className={styles["quiet"]}>linked</span>}
        </>
      ),
    },
    { id: "type", label: "Type", width: 120, cell: (row) => <span title={row.type}>{row.type}</span> },
    {
      id: "version_count",
      label: "Versions",
      width: 96,
      align: "right",
      sort: orderOf(sort, "version_count"),
      cell: (row) => <span title={plural(row.version_count, "version")}>{formatCount(row.version_count)}</span>,
    },
    { id: "tags", label: "Tags", width: 180, cell: (row) => <Chips kind="tag" names={row.tags} line onChoose={onTag} /> },
    { id: "updated_at", label: "Changed", width: 130, sort: orderOf(sort, "updated_at"), cell: (row) => <Time at={row.updated_at} /> },
    { id: "created_at", label: "Made", width: 130, sort: orderOf(sort, "created_at"), cell: (row) => <Time at={row.created_at} /> },
    { id: "by", label: "By", width: 120, cell: (row) => <span title={row.created_by}>{row.created_by}</span> },
    {
      id: "description",
      label: "Description",
      width: 320,
      cell: (row) => (
        <span className={styles["quiet"]} title={row.description}>
          {row.description.split("\n", 1)[0]}
        </span>
      ),
    },
  ];
}

/** What is made, described or deleted meanwhile shows up by itself. */
function useRefresh(entity: string, project: string): void {
  const queryClient = useQueryClient();
  useEffect(() => {
    const limiter = new Limiter(() => {
      void queryClient.invalidateQueries({ queryKey: ["collections", entity, project] });
      void queryClient.invalidateQueries({ queryKey: ["artifact-types", entity, project] });
    }, 3000);
    const stop = onProject(entity, project, (events) => {
      if (events === null || events.some((event) => event.kind === "artifact")) limiter.trigger();
    });
    return () => {
      stop();
      limiter.close();
    };
  }, [entity, project, queryClient]);
}

const EXAMPLE = `with runstone.init(project="mnist") as run:
    data = runstone.Artifact("digits", type="dataset")
    data.add_dir("data/")
    run.log_artifact(data)`;

function FirstArtifact({ entity, project }: { entity: string; project: string }) {
  return (
    <Empty title="No artifacts yet">
      <p>Data, models and indices that a run logs are kept here by version, each traced to the run that made it.</p>
      <CodeBlock label="example" code={EXAMPLE} />
      <Link to="/$entity/$project/artifacts" params={{ entity, project }} search={{ trash: true }}>
        See what was deleted
      </Link>
    </Empty>
  );
}
