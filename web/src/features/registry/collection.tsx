/** What is in production, may I promote, how do I go back, and what was where when, by whom. */

import { useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { Link, useParams, useSearch, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";

import { collectionQuery, newestVersionsQuery, standingQuery } from "@/api/artifacts";
import { registryQuery } from "@/api/registry";
import { ApiError } from "@/api/request";
import { Limiter } from "@/base/limiter";
import { onProject } from "@/model/live";
import { Empty, ErrorPanel, Skeleton } from "@/widgets/feedback";

import { Approvals } from "./approvals";
import { Comparison } from "./comparison";
import { PromoteDialog, RollbackDialog } from "./dialogs";
import styles from "./registry.module.css";
import type { RegistryCollectionSearch } from "./search";
import { Stages } from "./stages";
import { Timeline } from "./timeline";
import { Versions } from "./versions";

export function RegistryCollectionPage() {
  const { organization, registry: name, collection } = useParams({ from: "/registry/$organization/$registry/$collection" });
  const search = useSearch({ from: "/registry/$organization/$registry/$collection" });
  const navigate = useNavigate({ from: "/registry/$organization/$registry/$collection" });
  const registry = useQuery(registryQuery(organization, name));
  const project = registry.data?.project ?? "";
  const enabled = project !== "";
  const about = useQuery({ ...collectionQuery(organization, project, collection), enabled });
  const newest = useQuery({ ...newestVersionsQuery(organization, project, collection), enabled });
  const standing = useQuery({ ...standingQuery(organization, project, collection), enabled });
  const [promoting, setPromoting] = useState<{ version: string; alias: string } | null>(null);
  const [going, setGoing] = useState<string | null>(null);
  const queryClient = useQueryClient();
  useRefresh(organization, project, collection);
  const error = registry.error ?? about.error ?? newest.error;
  if (error instanceof ApiError && error.status === 404) {
    return (
      <Empty title={`There is no collection '${collection}' in ${organization} / ${name}`}>
        <Link to="/registry">See all registries</Link>
      </Empty>
    );
  }
  if (error) return <ErrorPanel what="The collection could not be read" error={error} onRetry={() => void Promise.all([registry.refetch(), about.refetch(), newest.refetch()])} />;
  if (!registry.data || !about.data || !newest.data) return <Skeleton height={240} />;
  const rows = newest.data;
  const may = registry.data.may;
  const renew = () => renewed(queryClient, organization, project, collection);
  const where = { entity: organization, project, collection };
  const change = (next: Partial<RegistryCollectionSearch>) =>
    void navigate({ search: (old: RegistryCollectionSearch) => ({ ...old, ...next }), replace: true });
  const aliases = [...new Set([...registry.data.protected_aliases, ...(standing.data?.aliases ?? []).map((one) => one.alias)])];
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
        approvals={registry.data.approvals_needed}
        may={may}
        onRollback={setGoing}
        onPromote={(alias) => setPromoting({ version: rows[0]?.version ?? "", alias })}
      />
      <Approvals where={where} type={about.data.type} may={may.write} onDone={renew} />
      {search.candidate !== undefined && (
        <Comparison key={search.candidate} where={where} candidate={search.candidate} rows={rows} onClose={() => change({ candidate: undefined })} />
      )}
      <Versions
        where={where}
        protectedAliases={registry.data.protected_aliases}
        candidate={search.candidate}
        find={search.find ?? ""}
        onFind={(text) => change({ find: text === "" ? undefined : text })}
        onPromote={may.write.allowed ? (version) => setPromoting({ version, alias: registry.data.protected_aliases[0] ?? "production" }) : undefined}
        onCompare={(version) => change({ candidate: version })}
      />
      <Timeline
        where={where}
        aliases={aliases}
        alias={search.alias ?? ""}
        onAlias={(alias) => change({ alias: alias === "" ? undefined : alias })}
      />
      {promoting && (
        <PromoteDialog
          where={where}
          rows={rows}
          start={promoting}
          approvals={registry.data.approvals_needed}
          protectedAliases={registry.data.protected_aliases}
          may={may}
          onClose={() => setPromoting(null)}
          onDone={renew}
        />
      )}
      {going !== null && <RollbackDialog where={where} alias={going} onClose={() => setGoing(null)} onDone={renew} />}
    </div>
  );
}

function renewed(queryClient: QueryClient, organization: string, project: string, collection: string): void {
  for (const kind of ["versions", "standing", "alias-moves", "approvals"]) {
    void queryClient.invalidateQueries({ queryKey: [kind, organization, project, collection] });
  }
}

/** What others link and move meanwhile shows up by itself. */
function useRefresh(organization: string, project: string, collection: string): void {
  const queryClient = useQueryClient();
  useEffect(() => {
    if (project === "") return undefined;
    const limiter = new Limiter(() => renewed(queryClient, organization, project, collection), 3000);
    const stop = onProject(organization, project, (events) => {
      if (events === null || events.some((event) => event.kind === "artifact" && event.detail["collection"] === collection)) limiter.trigger();
    });
    return () => {
      stop();
      limiter.close();
    };
  }, [organization, project, collection, queryClient]);
}

export interface Where {
  entity: string;
  project: string;
  collection: string;
}
