/** What is in production, may I promote, how do I go back, and what was where when, by whom. */

import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams, useSearch, useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { collectionQuery, versionsQuery, type ArtifactVersion } from "@/api/artifacts";
import { aliasMovesQuery, registryQuery, type AliasMove } from "@/api/registry";
import { ApiError } from "@/api/request";
import { formatBytes } from "@/base/numbers";
import { Button } from "@/widgets/controls";
import { Empty, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Time } from "@/widgets/values";
import table from "@/widgets/table.module.css";

import { Approvals } from "./approvals";
import { Comparison } from "./comparison";
import { PromoteDialog, RollbackDialog } from "./dialogs";
import { Evidence } from "./evidence";
import styles from "./registry.module.css";

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
    void queryClient.invalidateQueries({ queryKey: ["alias-moves", organization, project, collection] });
    void queryClient.invalidateQueries({ queryKey: ["approvals", organization, project, collection] });
  };
  const where = { entity: organization, project, collection };
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
        rows={rows}
        protectedAliases={registry.data.protected_aliases}
        onRollback={setGoing}
        onPromote={(alias) => setPromoting({ version: rows[0]?.version ?? "", alias })}
      />
      <Approvals where={where} onDone={renew} />
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
            onCompare={(version) => void navigate({ search: { candidate: version }, replace: true })}
          />
          {versions.hasNextPage && (
            <Button small onClick={() => void versions.fetchNextPage()}>
              More versions
            </Button>
          )}
          {search.candidate !== undefined && (
            <Comparison where={where} candidate={search.candidate} rows={rows} onClose={() => void navigate({ search: {}, replace: true })} />
          )}
        </section>
        <Timeline where={where} />
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

function Stages({
  rows,
  protectedAliases,
  onRollback,
  onPromote,
}: {
  rows: readonly ArtifactVersion[];
  protectedAliases: readonly string[];
  onRollback: (alias: string) => void;
  onPromote: (alias: string) => void;
}) {
  const others = rows.flatMap((row) => row.aliases.map((alias) => alias.alias)).filter((alias) => alias !== "latest" && !protectedAliases.includes(alias));
  const stages = [...protectedAliases, ...new Set(others)];
  return (
    <div className={styles["stages"]}>
      {stages.map((stage) => {
        const row = rows.find((one) => one.aliases.some((alias) => alias.alias === stage));
        const alias = row?.aliases.find((one) => one.alias === stage);
        return (
          <section key={stage} className={styles["stage"]} aria-label={stage}>
            <h3>{stage}</h3>
            {row && alias ? (
              <>
                <span>
                  <strong>{row.version}</strong> <code title={row.sha256}>{(row.digest || row.sha256).slice(0, 10)}</code>
                </span>
                <span className={styles["quiet"]}>
                  since <Time at={alias.set_at} /> by {alias.set_by || "the server"}
                  {alias.reason !== "" && <>: {alias.reason}</>}
                </span>
              </>
            ) : (
              <span className={styles["quiet"]}>No version stands here.</span>
            )}
            <div>
              <Button small disabled={rows.length === 0} onClick={() => onPromote(stage)}>
                Promote…
              </Button>
              {row && (
                <Button small onClick={() => onRollback(stage)}>
                  Roll back…
                </Button>
              )}
            </div>
          </section>
        );
      })}
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
    <div className={`${styles["scroll"]} ${styles["acts"]}`}>
      <table className={table["table"]}>
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">Aliases</th>
            <th scope="col">Made as</th>
            <th scope="col">Size</th>
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
              <td>
                <code>{row.source}</code>
              </td>
              <td>{formatBytes(row.size)}</td>
              <td>
                <Button small onClick={() => onCompare(row.version)}>
                  Compare
                </Button>{" "}
                <Button small onClick={() => onPromote(row.version)}>
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

const ACTS: Record<AliasMove["act"], string> = {
  set: "set to",
  remove: "taken off",
  promote: "promoted to",
  rollback: "rolled back to",
  delete: "went with its version",
};

function Timeline({ where }: { where: Where }) {
  const moves = useInfiniteQuery(aliasMovesQuery(where.entity, where.project, where.collection));
  const rows = moves.data?.pages.flatMap((page) => page.moves) ?? [];
  return (
    <section className={styles["section"]} aria-label="What was where when">
      <h2>What was where when</h2>
      {moves.error && <ErrorPanel what="The history could not be read" error={moves.error} onRetry={() => void moves.refetch()} />}
      {moves.isPending && <Skeleton height={120} />}
      {moves.isSuccess && rows.length === 0 && <p className={styles["quiet"]}>No alias was moved yet.</p>}
      <ol className={styles["timeline"]}>
        {rows.map((move) => (
          <li key={move.id} data-act={move.act}>
            <strong>{move.alias}</strong> {ACTS[move.act]} {move.to_version}
            {move.from_version !== "" && <span className={styles["quiet"]}> from {move.from_version}</span>}
            <div className={styles["quiet"]}>
              <Time at={move.at} /> by {move.by || "the server"}
              {move.digest !== "" && (
                <>
                  {" "}
                  · <code title={move.digest}>{move.digest.slice(0, 10)}</code>
                </>
              )}
            </div>
            {move.reason !== "" && <div>{move.reason}</div>}
            <Evidence value={move.evidence} />
          </li>
        ))}
      </ol>
      {moves.hasNextPage && (
        <Button small onClick={() => void moves.fetchNextPage()}>
          Earlier moves
        </Button>
      )}
    </section>
  );
}
