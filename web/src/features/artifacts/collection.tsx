/** One collection: its versions, newest first, under the names they go by. */

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";

import { collectionQuery, versionsQuery, type ArtifactVersion, type Collection } from "@/api/artifacts";
import { ApiError } from "@/api/request";
import { formatBytes, formatCount, plural } from "@/base/numbers";
import { Button, SearchInput } from "@/widgets/controls";
import { CopyButton, Empty, ErrorPanel, LoadingBar, Skeleton } from "@/widgets/feedback";
import { Time } from "@/widgets/values";
import table from "@/widgets/table.module.css";

import styles from "./artifacts.module.css";
import { Chips } from "./chips";
import { RunLink } from "./run-link";

export function CollectionPage() {
  const { entity, project, type, collection: name } = useParams({ from: "/$entity/$project/artifacts/$type/$collection" });
  const collection = useQuery(collectionQuery(entity, project, name));
  const [find, setFind] = useState("");
  const versions = useInfiniteQuery(versionsQuery(entity, project, name, find));
  const rows = versions.data?.pages.flatMap((page) => page.versions) ?? [];
  if (collection.error instanceof ApiError && collection.error.status === 404) {
    return (
      <Empty title={`There is no artifact '${name}' in ${entity} / ${project}`}>
        <p>It may have been deleted, or you may not be allowed to see it.</p>
        <Link to="/$entity/$project/artifacts" params={{ entity, project }}>
          See the project’s artifacts
        </Link>
      </Empty>
    );
  }
  return (
    <div className={styles["main"]} style={{ height: "100%", boxSizing: "border-box" }}>
      <title>{`${name} · ${project} · Runstone`}</title>
      <nav aria-label="Where this is" className={styles["crumbs"]}>
        <Link to="/$entity/$project/artifacts" params={{ entity, project }}>
          Artifacts
        </Link>
        {" / "}
        <Link to="/$entity/$project/artifacts" params={{ entity, project }} search={{ type }}>
          {type}
        </Link>
      </nav>
      <div className={styles["bar"]}>
        <h1>{name}</h1>
        <CopyButton text={`${entity}/${project}/${name}`} label="Copy the full name" />
        {collection.data && <About collection={collection.data} />}
        <span data-gap />
        <SearchInput label="Find versions" value={find} onChange={(event) => setFind(event.target.value)} />
      </div>
      {collection.data && collection.data.description !== "" && <p className={styles["quiet"]}>{collection.data.description}</p>}
      {versions.error && <ErrorPanel what="The versions could not be read" error={versions.error} onRetry={() => void versions.refetch()} />}
      {versions.isPending && <Skeleton height={200} />}
      {versions.isFetching && !versions.isPending && <LoadingBar />}
      {versions.isSuccess && rows.length === 0 && <Empty title={find === "" ? "No version is committed yet" : "No version matches"} />}
      {rows.length > 0 && <VersionTable entity={entity} project={project} type={type} name={name} rows={rows} />}
      {versions.hasNextPage && (
        <Button small disabled={versions.isFetchingNextPage} onClick={() => void versions.fetchNextPage()}>
          More versions
        </Button>
      )}
    </div>
  );
}

function About({ collection }: { collection: Collection }) {
  return (
    <span className={styles["quiet"]}>
      {plural(collection.version_count, "version")}
      {collection.kind === "portfolio" && ", linked from where they were made"}
      {collection.ttl_seconds !== null && collection.ttl_seconds > 0 && `, kept ${formatCount(Math.round(collection.ttl_seconds / 86_400))} days`}
    </span>
  );
}

function VersionTable({
  entity,
  project,
  type,
  name,
  rows,
}: {
  entity: string;
  project: string;
  type: string;
  name: string;
  rows: readonly ArtifactVersion[];
}) {
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const navigate = useNavigate();
  const toggle = (version: string) =>
    setChosen((old) => (old.includes(version) ? old.filter((one) => one !== version) : [...old, version].slice(-2)));
  const compare = () => {
    const [from, to] = [...chosen].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
    if (from === undefined || to === undefined) return;
    void navigate({
      to: "/$entity/$project/artifacts/$type/$collection/$version",
      params: { entity, project, type, collection: name, version: to },
      search: { tab: "compare", to: from },
    });
  };
  return (
    <>
      <div className={styles["bar"]}>
        <Button small disabled={chosen.length !== 2} onClick={compare}>
          Compare {chosen.length === 2 ? [...chosen].sort().join(" and ") : "two versions"}
        </Button>
      </div>
      <div className={styles["scroll"]}>
        <table className={table["table"]}>
          <thead>
            <tr>
              <th scope="col">
                <span className="visually-hidden">Compare</span>
              </th>
              <th scope="col">Version</th>
              <th scope="col">Aliases</th>
              <th scope="col">Tags</th>
              <th scope="col" data-number>
                Size
              </th>
              <th scope="col" data-number>
                Files
              </th>
              <th scope="col">Made</th>
              <th scope="col">By</th>
              <th scope="col">Run</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.id} data-shown={chosen.includes(row.version)}>
                <td>
                  <input
                    type="checkbox"
                    aria-label={`Compare ${row.version}`}
                    checked={chosen.includes(row.version)}
                    onChange={() => toggle(row.version)}
                  />
                </td>
                <td>
                  <Link
                    to="/$entity/$project/artifacts/$type/$collection/$version"
                    params={{ entity, project, type, collection: name, version: row.version }}
                  >
                    {row.version}
                  </Link>
                </td>
                <td>
                  <Chips kind="alias" names={row.aliases.map((alias) => alias.alias)} />
                </td>
                <td>
                  <Chips kind="tag" names={row.tags} />
                </td>
                <td data-number title={`${row.size} bytes`}>
                  {formatBytes(row.size)}
                </td>
                <td data-number>{formatCount(row.file_count)}</td>
                <td>
                  <Time at={row.committed_at ?? row.created_at} />
                </td>
                <td>{row.created_by}</td>
                <td>
                  <RunLink run={row.run} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
