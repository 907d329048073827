/** What is in production, may I promote, how do I go back, and what was where when, by whom. */

import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams, useSearch, useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { collectionQuery, versionsQuery, type ArtifactVersion } from "@/api/artifacts";
import { registryQuery } from "@/api/registry";
import { ApiError } from "@/api/request";
import { formatBytes } from "@/base/numbers";
import { Button } from "@/widgets/controls";
import { Empty, ErrorPanel, Skeleton } from "@/widgets/feedback";
import table from "@/widgets/table.module.css";

import { Approvals } from "./approvals";
import { Comparison } from "./comparison";
import { PromoteDialog, RollbackDialog } from "./dialogs";
import styles from "./registry.module.css";
import type { RegistryCollectionSearch } from "./search";
import { Stages } from "./stages";
import { Timeline } from "./timeline";

export function RegistryCollectionPage() {
  const { organization, registry: name, collection } = useParams({ from: "/registry/$organization/$registry/$collection" });
  const search = useSearch({ from: "/registry/$organization/$registry/$collection" });
  const navigate = useNavigate({ from: "/registry/$organization/$registry/$collection" });
  const registry = useQuery(registryQuery(organization, name));
  const project = registry.data?.project ?? "";
  const enabled = project !== "";
  const about = useQuery({ ...collectionQuery(organization, project, collection), enabled });
  const versions = useInfiniteQuery({ ...versionsQuery(organization, project, collection), enabled });
  const [promoting, setPromoting] = useState<{ version: string; alias: string } | null>(null);
  const [going, setGoing] = useState<string | null>(null);
  const queryClient = useQueryClient();
  const error = registry.error ?? about.error;
  if (error instanceof ApiError && error.status === 404) {
    return (
      <Empty title={`There is no collection '${collection}' in ${organization} / ${name}`}>
        <Link to="/registry">See all registries</Link>
      </Empty>
    );
  }
  if (error) return <ErrorPanel what="The collection could not be read" error={error} onRetry={() => void about.refetch()} />;
  if (!registry.data || !about.data || !versions.data) return <Skeleton height={240} />;
  const rows = versions.data.pages.flatMap((page) => page.versions);
  const renew = () => {
    void queryClient.invalidateQueries({ queryKey: ["versions", organization, project] });
    void queryClient.invalidateQueries({ queryKey: ["standing", organization, project, collection] });
    void queryClient.invalidateQueries({ queryKey: ["alias-moves", organization, project, collection] });
    void queryClient.invalidateQueries({ queryKey: ["approvals", organization, project, collection] });
  };
  const where = { entity: organization, project, collection };
  const change = (next: Partial<RegistryCollectionSearch>) =>
    void navigate({ search: (old: RegistryCollectionSearch) => ({ ...old, ...next }), replace: true });
  const aliases = [...new Set([...registry.data.protected_aliases, ...rows.flatMap((row) => row.aliases.map((alias) => alias.alias))])];
  return (
    <div className={styles["page"]}>
      <title>{`${collection} · ${name} · Runstone`}</title>
      <nav aria-label="Where this is" className={styles["crumbs"]}>
        <Link to="/registry">Registry</Link> / {organization} /{" "}
        <Link to="/registry/$organization/$registry" params={{ organization, registry: name }}>
          {name}
        </Link>
      </nav>
      <div className={styles["bar"]}>
        <h1>{collection}</h1>
        <span className={styles["quiet"]}>{about.data.type}</span>
      </div>
      {about.data.description !== "" && <p style={{ margin: 0, whiteSpace: "pre-wrap" }}>{about.data.description}</p>}
      <Stages
        where={where}
        type={about.data.type}
        empty={rows.length === 0}
        protectedAliases={registry.data.protected_aliases}
        onRollback={setGoing}
        onPromote={(alias) => setPromoting({ version: rows[0]?.version ?? "", alias })}
      />
      <Approvals where={where} type={about.data.type} onDone={renew} />
      {search.candidate !== undefined && (
        <Comparison key={search.candidate} where={where} candidate={search.candidate} rows={rows} onClose={() => change({ candidate: undefined })} />
      )}
      <div className={styles["columns"]}>
        <section className={styles["section"]} aria-label="Versions">
          <h2>Versions</h2>
          <VersionTable
            organization={organization}
            project={project}
            rows={rows}
            protectedAliases={registry.data.protected_aliases}
            candidate={search.candidate}
            onPromote={(version) => setPromoting({ version, alias: registry.data.protected_aliases[0] ?? "production" })}
            onCompare={(version) => change({ candidate: version })}
          />
          {versions.hasNextPage && (
            <Button small disabled={versions.isFetchingNextPage} onClick={() => void versions.fetchNextPage()}>
              More versions
            </Button>
          )}
        </section>
        <Timeline
          where={where}
          aliases={aliases}
          alias={search.alias ?? ""}
          onAlias={(alias) => change({ alias: alias === "" ? undefined : alias })}
        />
      </div>
      {promoting && (
        <PromoteDialog
          where={where}
          rows={rows}
          start={promoting}
          approvals={registry.data.approvals_needed}
          protectedAliases={registry.data.protected_aliases}
          onClose={() => setPromoting(null)}
          onDone={renew}
        />
      )}
      {going !== null && <RollbackDialog where={where} alias={going} onClose={() => setGoing(null)} onDone={renew} />}
    </div>
  );
}

function VersionTable({
  organization,
  project,
  rows,
  protectedAliases,
  candidate,
  onPromote,
  onCompare,
}: {
  organization: string;
  project: string;
  rows: readonly ArtifactVersion[];
  protectedAliases: readonly string[];
  candidate: string | undefined;
  onPromote: (version: string) => void;
  onCompare: (version: string) => void;
}) {
  if (rows.length === 0) return <p className={styles["quiet"]}>No version is linked here yet.</p>;
  return (
    <div className={`${styles["scroll"]} ${styles["acts"]}`} tabIndex={0} role="group" aria-label="Linked versions">
      <table className={table["table"]}>
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">Aliases</th>
            <th scope="col" data-wide>
              Made as
            </th>
            <th scope="col" data-number data-wide>
              Size
            </th>
            <th scope="col">
              <span className="visually-hidden">Acts</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.version} aria-current={candidate === row.version}>
              <td>
                <Link
                  to="/$entity/$project/artifacts/$type/$collection/$version"
                  params={{ entity: organization, project, type: row.type, collection: row.collection, version: row.version }}
                >
                  {row.version}
                </Link>
              </td>
              <td>
                <span className={styles["chips"]}>
                  {row.aliases.map((alias) => (
                    <span key={alias.alias} className={styles["chip"]} data-protected={protectedAliases.includes(alias.alias)}>
                      {alias.alias}
                    </span>
                  ))}
                </span>
              </td>
              <td data-wide title={row.source}>
                <code>{row.source}</code>
              </td>
              <td data-number data-wide title={`${row.size} bytes`}>
                {formatBytes(row.size)}
              </td>
              <td>
                <Button small aria-label={`Compare ${row.version}`} onClick={() => onCompare(row.version)}>
                  Compare
                </Button>{" "}
                <Button small aria-label={`Promote ${row.version}`} onClick={() => onPromote(row.version)}>
                  Promote
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export interface Where {
  entity: string;
  project: string;
  collection: string;
}
