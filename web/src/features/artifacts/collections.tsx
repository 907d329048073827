/** The project's artifacts: collections by type, what was made last first. */

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";

import { artifactTypesQuery, collectionsQuery, type Collection } from "@/api/artifacts";
import { formatCount, plural } from "@/base/numbers";
import { Button, SearchInput } from "@/widgets/controls";
import { CodeBlock, Empty, ErrorPanel, LoadingBar, Skeleton } from "@/widgets/feedback";
import { Time } from "@/widgets/values";
import table from "@/widgets/table.module.css";

import styles from "./artifacts.module.css";
import { Chips } from "./chips";
import type { ArtifactsSearch } from "./search";

export function ArtifactsPage() {
  const { entity, project } = useParams({ from: "/$entity/$project/artifacts" });
  const search = useSearch({ from: "/$entity/$project/artifacts" });
  const navigate = useNavigate({ from: "/$entity/$project/artifacts" });
  const types = useQuery(artifactTypesQuery(entity, project));
  const asked: { type?: string; search?: string } = {};
  if (search.type !== undefined) asked.type = search.type;
  if (search.find !== undefined) asked.search = search.find;
  const found = useInfiniteQuery(collectionsQuery(entity, project, asked));
  const rows = found.data?.pages.flatMap((page) => page.collections) ?? [];
  const shown = types.data?.types.filter((type) => type.collection_count > 0) ?? [];
  const all = shown.reduce((sum, type) => sum + type.collection_count, 0);
  if (types.isSuccess && all === 0) return <FirstArtifact />;
  return (
    <div className={styles["page"]}>
      <title>{`Artifacts · ${project} · Runstone`}</title>
      <nav aria-label="Artifact types" className={styles["side"]}>
        <h2>Types</h2>
        <TypeLink name={undefined} label="All" count={all} search={search} />
        {shown.map((type) => (
          <TypeLink key={type.name} name={type.name} label={type.name} count={type.collection_count} search={search} />
        ))}
      </nav>
      <div className={styles["main"]}>
        <div className={styles["bar"]}>
          <h1>Artifacts</h1>
          <SearchInput
            label="Find artifacts by name"
            value={search.find ?? ""}
            onChange={(event) => {
              const find = event.target.value === "" ? undefined : event.target.value;
              void navigate({ search: (old: ArtifactsSearch) => ({ ...old, find }), replace: true });
            }}
          />
        </div>
        {types.error && <ErrorPanel what="The types could not be read" error={types.error} onRetry={() => void types.refetch()} />}
        {found.error && <ErrorPanel what="The artifacts could not be read" error={found.error} onRetry={() => void found.refetch()} />}
        {found.isPending && <Skeleton height={200} />}
        {found.isFetching && !found.isPending && <LoadingBar />}
        {found.isSuccess && rows.length === 0 && (
          <Empty title="No artifact matches">
            <Button small onClick={() => void navigate({ search: {}, replace: true })}>
              Show all
            </Button>
          </Empty>
        )}
        {rows.length > 0 && <CollectionTable entity={entity} project={project} rows={rows} />}
        {found.hasNextPage && (
          <Button small disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            More artifacts
          </Button>
        )}
      </div>
    </div>
  );
}

function TypeLink({ name, label, count, search }: { name: string | undefined; label: string; count: number; search: ArtifactsSearch }) {
  return (
    <Link
      from="/$entity/$project/artifacts"
      to="."
      search={name === undefined ? { find: search.find } : { find: search.find, type: name }}
      aria-current={search.type === name}
    >
      <span>{label}</span>
      <span>{formatCount(count)}</span>
    </Link>
  );
}

function CollectionTable({ entity, project, rows }: { entity: string; project: string; rows: readonly Collection[] }) {
  return (
    <div className={styles["scroll"]}>
      <table className={table["table"]}>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Type</th>
            <th scope="col" data-number>
              Versions
            </th>
            <th scope="col">Tags</th>
            <th scope="col">Changed</th>
            <th scope="col">By</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id}>
              <td className={styles["name"]}>
                <Link
                  to="/$entity/$project/artifacts/$type/$collection"
                  params={{ entity, project, type: row.type, collection: row.name }}
                >
                  {row.name}
                </Link>
                {row.kind === "portfolio" && <span className={styles["quiet"]}> linked versions</span>}
                {row.description !== "" && <div className={styles["quiet"]}>{firstLine(row.description)}</div>}
              </td>
              <td>{row.type}</td>
              <td data-number title={plural(row.version_count, "version")}>
                {formatCount(row.version_count)}
              </td>
              <td>
                <Chips kind="tag" names={row.tags} />
              </td>
              <td>
                <Time at={row.updated_at} />
              </td>
              <td>{row.created_by}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function firstLine(text: string): string {
  const line = text.split("\n", 1)[0] ?? "";
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}

const EXAMPLE = `with runstone.init(project="mnist") as run:
    data = runstone.Artifact("digits", type="dataset")
    data.add_dir("data/")
    run.log_artifact(data)`;

function FirstArtifact() {
  return (
    <Empty title="No artifacts yet">
      <p>Data, models and indices that a run logs are kept here by version, each traced to the run that made it.</p>
      <CodeBlock label="example" code={EXAMPLE} />
    </Empty>
  );
}
