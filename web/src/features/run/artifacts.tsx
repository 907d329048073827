/** What the run used, and what it made. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { runArtifactsQuery, type RunArtifact } from "@/api/artifacts";
import type { Run } from "@/api/types";
import { formatBytes } from "@/base/numbers";
import { Button } from "@/widgets/controls";
import { ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Time } from "@/widgets/values";

import styles from "./page.module.css";

export function ArtifactsTab({ run }: { run: Run }) {
  return (
    <div className={styles["files"]}>
      <Part run={run} role="input" title="Used" none="It used no artifact that is known. A run that calls use_artifact is traced to its data." />
      <Part run={run} role="output" title="Made" none="It logged no artifact. Keep a model or a table with run.log_artifact." />
    </div>
  );
}

function Part({ run, role, title, none }: { run: Run; role: RunArtifact["role"]; title: string; none: string }) {
  const found = useInfiniteQuery(runArtifactsQuery(run.entity, run.project, run.id, role));
  const rows = found.data?.pages.flatMap((page) => page.artifacts) ?? [];
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {found.error && <ErrorPanel what="The artifacts could not be read" error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Skeleton height={60} />}
      {found.isSuccess && rows.length === 0 && <p className={styles["quiet"]}>{none}</p>}
      {rows.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>Name</th>
              <th>Type</th>
              <th>Size</th>
              <th>When</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={row.artifact.id} row={row} />
            ))}
          </tbody>
        </table>
      )}
      {found.hasNextPage && (
        <Button small disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          More
        </Button>
      )}
    </section>
  );
}

function Row({ row }: { row: RunArtifact }) {
  const { artifact } = row;
  const [entity = "", project = ""] = artifact.within.split("/");
  return (
    <tr>
      <td>
        <Link
          to="/$entity/$project/artifacts/$type/$collection/$version"
          params={{ entity, project, type: artifact.type, collection: artifact.collection, version: artifact.version }}
          title={artifact.source}
        >
          {artifact.name}
        </Link>
        {row.used_as !== "" && <span className={styles["quiet"]}> as {row.used_as}</span>}
      </td>
      <td>{artifact.type}</td>
      <td title={`${artifact.size} bytes`}>{formatBytes(artifact.size)}</td>
      <td>
        <Time at={row.at} />
      </td>
    </tr>
  );
}
