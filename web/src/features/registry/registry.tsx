/** One registry: its collections. */

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";

import { collectionsQuery } from "@/api/artifacts";
import { registryQuery } from "@/api/registry";
import { ApiError } from "@/api/request";
import { formatCount } from "@/base/numbers";
import { CollectionsInTrash, DeleteCollection } from "@/features/trash";
import { Button, Checkbox } from "@/widgets/controls";
import { CodeBlock, Empty, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Time } from "@/widgets/values";
import table from "@/widgets/table.module.css";

import styles from "./registry.module.css";

export function RegistryPage() {
  const { organization, registry: name } = useParams({ from: "/registry/$organization/$registry" });
  const registry = useQuery(registryQuery(organization, name));
  const { trash } = useSearch({ from: "/registry/$organization/$registry" });
  const navigate = useNavigate({ from: "/registry/$organization/$registry" });
  if (registry.error) {
    if (registry.error instanceof ApiError && registry.error.status === 404) {
      return (
        <Empty title={`There is no registry '${name}' in ${organization}`}>
          <Link to="/registry">See all registries</Link>
        </Empty>
      );
    }
    return <ErrorPanel what="The registry could not be read" error={registry.error} onRetry={() => void registry.refetch()} />;
  }
  if (!registry.data) return <Skeleton height={200} />;
  const { project } = registry.data;
  return (
    <div className={styles["page"]}>
      <title>{`${name} · Registry · Runstone`}</title>
      <nav aria-label="Where this is" className={styles["crumbs"]}>
        <Link to="/registry">Registry</Link> / {organization}
      </nav>
      <div className={styles["bar"]}>
        <h1>{name}</h1>
        <span className={styles["quiet"]}>
          takes {registry.data.artifact_types.length > 0 ? registry.data.artifact_types.join(", ") : "any type"}
          {registry.data.protected_aliases.length > 0 && `; protects ${registry.data.protected_aliases.join(", ")}`}
          {registry.data.approvals_needed > 0 && `; ${registry.data.approvals_needed} approvals for those`}
        </span>
      </div>
      {registry.data.description !== "" && <p style={{ margin: 0 }}>{registry.data.description}</p>}
      <div className={styles["bar"]}>
        <Checkbox label="Trash" checked={trash === true} onChange={(event) => void navigate({ search: event.target.checked ? { trash: true } : {}, replace: true })} />
      </div>
      {trash === true ? (
        <div className={styles["trash"]}>
          <CollectionsInTrash
            entity={organization}
            project={project}
            noun="collection"
            writes
            onClear={() => void navigate({ search: {} })}
            onOpen={(back) => void navigate({ to: "/registry/$organization/$registry/$collection", params: { organization, registry: name, collection: back.name } })}
          />
        </div>
      ) : (
        <Listed organization={organization} name={name} project={project} />
      )}
    </div>
  );
}

function Listed({ organization, name, project }: { organization: string; name: string; project: string }) {
  const found = useInfiniteQuery(collectionsQuery(organization, project, {}));
  const rows = found.data?.pages.flatMap((page) => page.collections) ?? [];
  return (
    <>
      {found.error && <ErrorPanel what="The collections could not be read" error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Skeleton height={120} />}
      {found.isSuccess && rows.length === 0 && (
        <Empty title="Nothing is registered here yet">
          <CodeBlock
            label="script"
            code={`run.link_artifact(model, "${organization}/${project}/COLLECTION", aliases=["candidate"])`}
          />
        </Empty>
      )}
      {rows.length > 0 && (
        <table className={table["table"]}>
          <thead>
            <tr>
              <th scope="col">Collection</th>
              <th scope="col">Type</th>
              <th scope="col" data-number>
                Versions
              </th>
              <th scope="col">Changed</th>
              <th scope="col">
                <span className="visually-hidden">Delete</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.id}>
                <td>
                  <Link
                    to="/registry/$organization/$registry/$collection"
                    params={{ organization, registry: name, collection: row.name }}
                  >
                    {row.name}
                  </Link>
                  {row.description !== "" && <div className={styles["quiet"]}>{row.description}</div>}
                </td>
                <td>{row.type}</td>
                <td data-number>{formatCount(row.version_count)}</td>
                <td>
                  <Time at={row.updated_at} />
                </td>
                <td>
                  <DeleteCollection collection={row} icon />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {found.hasNextPage && (
        <Button small onClick={() => void found.fetchNextPage()}>
          More collections
        </Button>
      )}
    </>
  );
}
