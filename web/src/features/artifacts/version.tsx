/** One version: what is in it, where it came from, and how to get it. */

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useCallback } from "react";

import { versionQuery, type ArtifactVersion } from "@/api/artifacts";
import { ApiError } from "@/api/request";
import { formatBytes, formatCount, plural } from "@/base/numbers";
import { absoluteTime, timeUntil } from "@/base/time";
import { CopyButton, Empty, ErrorBoundary, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Tabs } from "@/widgets/tabs";
import { Time } from "@/widgets/values";

import { Aliases } from "./aliases";
import styles from "./artifacts.module.css";
import { CompareTab } from "./compare";
import { Crumbs } from "./crumbs";
import { FilesTab } from "./files";
import { MetadataTab } from "./metadata";
import { OverviewTab } from "./overview";
import { RunLink } from "./run-link";
import { VERSION_TABS, type VersionSearch } from "./search";

const Lineage = lazy(() => import("@/features/lineage"));

export interface Shown {
  entity: string;
  project: string;
  /** `NAME:vN`, by which the API knows it */
  artifact: string;
  version: ArtifactVersion;
}

export function VersionPage() {
  const params = useParams({ from: "/$entity/$project/artifacts/$type/$collection/$version" });
  const { entity, project, type, collection } = params;
  const artifact = `${collection}:${params.version}`;
  const search = useSearch({ from: "/$entity/$project/artifacts/$type/$collection/$version" });
  const navigate = useNavigate({ from: "/$entity/$project/artifacts/$type/$collection/$version" });
  const found = useQuery(versionQuery(entity, project, artifact));
  // A folder is a place to come back to; what is only looked at in it is not.
  const change = useCallback(
    (next: Partial<VersionSearch> | ((old: VersionSearch) => Partial<VersionSearch>)) =>
      void navigate({
        search: (old: VersionSearch) => ({ ...old, ...(typeof next === "function" ? next(old) : next) }),
        replace: typeof next !== "function" && !("folder" in next),
      }),
    [navigate],
  );
  if (found.error) {
    if (found.error instanceof ApiError && found.error.status === 404) {
      return (
        <Empty title={`There is no version '${artifact}' in ${entity} / ${project}`}>
          <p>It may have been deleted, or you may not be allowed to see it.</p>
          <Link to="/$entity/$project/artifacts/$type/$collection" params={{ entity, project, type, collection }}>
            See its other versions
          </Link>
        </Empty>
      );
    }
    return <ErrorPanel what="The version could not be read" error={found.error} onRetry={() => void found.refetch()} />;
  }
  if (!found.data) {
    return (
      <div className={styles["tab"]}>
        <Skeleton width="30%" height={28} />
        <Skeleton height={280} />
      </div>
    );
  }
  const shown: Shown = { entity, project, artifact, version: found.data };
  const tab = search.tab ?? "overview";
  return (
    <div className={styles["version"]}>
      <title>{`${found.data.name} · ${project} · Runstone`}</title>
      <Head shown={shown} type={type} collection={collection} />
      <Tabs
        label="Version"
        items={VERSION_TABS}
        value={tab}
        onChoose={(value) => void navigate({ search: value === "overview" ? {} : { tab: value } })}
      >
        <ErrorBoundary what="This tab failed" resetKey={tab}>
          {tab === "overview" && <OverviewTab shown={shown} />}
          {tab === "files" && <FilesTab shown={shown} search={search} onChange={change} />}
          {tab === "metadata" && <MetadataTab version={found.data} />}
          {tab === "compare" && <CompareTab shown={shown} collection={collection} to={search.to ?? ""} folder={search.folder ?? ""} onChange={change} />}
          {tab === "lineage" && (
            <Suspense fallback={<Skeleton height={320} />}>
              <Lineage
                start={{ kind: "artifact", entity, project, name: artifact }}
                list={search.list}
                onList={(list) => change({ list })}
                depth={search.depth}
                onDepth={(depth) => change({ depth })}
              />
            </Suspense>
          )}
        </ErrorBoundary>
      </Tabs>
    </div>
  );
}

function Head({ shown, type, collection }: { shown: Shown; type: string; collection: string }) {
  const { entity, project, version } = shown;
  const full = `${entity}/${project}/${shown.artifact}`;
  return (
    <div className={styles["head"]}>
      <Crumbs entity={entity} project={project} type={type} collection={collection} />
      <div className={styles["bar"]}>
        <h1>{version.name}</h1>
        <CopyButton text={full} label="Copy the full name" />
        <Aliases shown={shown} />
      </div>
      <div className={styles["meta"]}>
        <span title={`${version.size} bytes`}>{formatBytes(version.size)}</span>
        <span>{plural(version.file_count, "file")}</span>
        <span>
          made <Time at={version.committed_at ?? version.created_at} />
          {version.created_by !== "" && ` by ${version.created_by}`}
        </span>
        {version.run !== "" && (
          <span>
            in run <RunLink run={version.run} />
          </span>
        )}
        {version.expires_at !== null && (
          <span title={absoluteTime(version.expires_at)}>is deleted {timeUntil(version.expires_at)}</span>
        )}
        {version.history_step !== null && <span>at step {formatCount(version.history_step)}</span>}
      </div>
    </div>
  );
}
