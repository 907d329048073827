/** One registry: its collections. */

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, useRef, type ReactNode } from "react";

import { collectionsKey, readCollections, type Collection, type CollectionsAsked } from "@/api/artifacts";
import { registryQuery } from "@/api/registry";
import { ApiError } from "@/api/request";
import type { Right } from "@/api/types";
import { formatCount, plural } from "@/base/numbers";
import { orderOf, turned } from "@/base/order";
import { CollectionsInTrash, DeleteCollection } from "@/features/trash";
import { usePlaced } from "@/model/placed";
import { useShortcut } from "@/model/shortcuts";
import { Button, Checkbox } from "@/widgets/controls";
import { CodeBlock, Empty, ErrorPanel, LoadingBar, Skeleton } from "@/widgets/feedback";
import { Grid, type GridColumn, type GridHandle } from "@/widgets/grid";
import { SearchText } from "@/widgets/search-text";
import { Time } from "@/widgets/values";

import { GridBox } from "./grid-box";
import styles from "./registry.module.css";
import type { RegistrySearch } from "./search";

const AT = "/registry/$organization/$registry";
const NARROW = 640;

export function RegistryPage() {
  const { organization, registry: name } = useParams({ from: AT });
  const registry = useQuery(registryQuery(organization, name));
  const { trash } = useSearch({ from: AT });
  const navigate = useNavigate({ from: AT });
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
  const trashBox = (
    <Checkbox label="Trash" checked={trash === true} onChange={(event) => void navigate({ search: event.target.checked ? { trash: true } : {}, replace: true })} />
  );
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
      {trash === true ? (
        <>
          <div className={styles["bar"]}>{trashBox}</div>
          <div className={styles["trash"]}>
            <CollectionsInTrash
              entity={organization}
              project={registry.data.project}
              noun="collection"
              writes={registry.data.may.write.allowed}
              onClear={() => void navigate({ search: {} })}
              onOpen={(back) => void navigate({ to: "/registry/$organization/$registry/$collection", params: { organization, registry: name, collection: back.name } })}
            />
          </div>
        </>
      ) : (
        <Collections organization={organization} registry={name} project={registry.data.project} may={registry.data.may.write} trashBox={trashBox} />
      )}
    </div>
  );
}

interface CollectionsProps {
  organization: string;
  registry: string;
  project: string;
  may: Right;
  trashBox: ReactNode;
}

function Collections({ organization, registry, project, may, trashBox }: CollectionsProps) {
  const search = useSearch({ from: AT });
  const navigate = useNavigate({ from: AT });
  const change = useCallback(
    (next: Partial<RegistrySearch>) => void navigate({ search: (old: RegistrySearch) => ({ ...old, ...next }), replace: true }),
    [navigate],
  );
  const sort = search.sort ?? "-updated_at";
  const { find } = search;
  const asked = useMemo<CollectionsAsked>(() => ({ sort, ...(find !== undefined && { search: find }) }), [sort, find]);
  const found = usePlaced(collectionsKey(organization, project, asked), (place, signal) => readCollections(organization, project, asked, place, signal));
  const grid = useRef<GridHandle>(null);
  const input = useRef<HTMLInputElement>(null);
  useShortcut("/", "Find collections", "Registry", () => input.current?.focus());
  useShortcut("j", "Next collection", "Registry", () => grid.current?.move(1));
  useShortcut("k", "Collection before", "Registry", () => grid.current?.move(-1));
  if (found.error) return <ErrorPanel what="The collections could not be read" error={found.error} onRetry={found.refetch} />;
  if (found.isPending) return <Skeleton height={120} />;
  if (found.total === 0 && find === undefined) {
    return (
      <>
        <div className={styles["bar"]}>{trashBox}</div>
        <Empty title="Nothing is registered here yet">
          <CodeBlock label="script" code={`run.link_artifact(model, "${organization}/${project}/COLLECTION", aliases=["candidate"])`} />
        </Empty>
      </>
    );
  }
  return (
    <section className={styles["section"]} aria-label="Collections">
      <div className={styles["bar"]}>
        <SearchText
          ref={input}
          label="Find collections"
          value={find ?? ""}
          onSearch={(text) => change({ find: text === "" ? undefined : text })}
          onLeave={() => grid.current?.focus()}
        />
        {trashBox}
        <span className={styles["quiet"]} role="status">
          {plural(found.total, "collection")}
          {find !== undefined && " found"}
        </span>
      </div>
      {found.total === 0 ? (
        <Empty title="No collection matches">
          <Button small onClick={() => change({ find: undefined })}>
            Show all
          </Button>
        </Empty>
      ) : (
        <GridBox rows={found.total} tall>
          {found.isFetching && <LoadingBar />}
          <Grid
            ref={grid}
            label="Collections"
            columns={columnsOf(organization, registry, sort, may)}
            rows={found.rows}
            total={found.total}
            keyOf={(row) => String(row.id)}
            rowHeight={32}
            onSort={(column) => change({ sort: turned(sort, column, column === "name" ? "asc" : "desc") })}
            onOpen={(row) => void navigate({ to: "/registry/$organization/$registry/$collection", params: { organization, registry, collection: row.name } })}
            onRange={found.onRange}
          />
        </GridBox>
      )}
    </section>
  );
}

function columnsOf(organization: string, registry: string, sort: string, may: Right): GridColumn<Collection>[] {
  return [
    {
      id: "name",
      label: "Collection",
      width: window.innerWidth < NARROW ? 190 : 280,
      pinned: true,
      sort: orderOf(sort, "name"),
      cell: (row) => (
        <Link
          to="/registry/$organization/$registry/$collection"
          params={{ organization, registry, collection: row.name }}
          tabIndex={-1}
          title={row.name}
        >
          {row.name}
        </Link>
      ),
    },
    ...(may.allowed
      ? [
          {
            id: "delete",
            label: "Delete",
            header: <span className="visually-hidden">Delete</span>,
            width: 40,
            cell: (row: Collection) => <DeleteCollection collection={row} may={may} icon />,
          },
        ]
      : []),
    { id: "type", label: "Type", width: 120, cell: (row) => <span title={row.type}>{row.type}</span> },
    {
      id: "version_count",
      label: "Versions",
      width: 96,
      align: "right",
      sort: orderOf(sort, "version_count"),
      cell: (row) => formatCount(row.version_count),
    },
    { id: "updated_at", label: "Changed", width: 130, sort: orderOf(sort, "updated_at"), cell: (row) => <Time at={row.updated_at} /> },
    { id: "created_at", label: "Made", width: 130, sort: orderOf(sort, "created_at"), cell: (row) => <Time at={row.created_at} /> },
    {
      id: "description",
      label: "Description",
      width: 560,
      cell: (row) => (
        <span className={styles["quiet"]} title={row.description}>
          {row.description.split("\n", 1)[0]}
        </span>
      ),
    },
  ];
}
