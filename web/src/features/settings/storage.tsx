/** What the artifacts of a project take up: by type, by collection, in the trash, and what would come back. */

import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { previewCollection, storageQuery, type CollectionUse, type StorageUse } from "@/api/storage";
import { formatBytes, plural } from "@/base/numbers";
import { heldByType, heldInOrder, type HeldOrder } from "@/base/storage";
import { toast } from "@/model/toasts";
import { Button } from "@/widgets/controls";
import { describeError, ErrorPanel, Skeleton } from "@/widgets/feedback";
import form from "@/widgets/form-page.module.css";
import table from "@/widgets/table.module.css";

import styles from "./storage.module.css";

const COLUMNS: { order: HeldOrder; label: string; hint: string }[] = [
  { order: "name", label: "Artifact", hint: "" },
  { order: "versions", label: "Versions", hint: "Those in the trash not counted" },
  { order: "logical_bytes", label: "In full", hint: "Each version counted in full" },
  { order: "stored_bytes", label: "Stored", hint: "Equal files once; those of the trash too" },
  { order: "alone_bytes", label: "Held alone", hint: "What no other artifact of the project holds" },
  { order: "trash_versions", label: "In the trash", hint: "Versions that can still be restored" },
];

const LISTED_MAX = 1000; // the server's

export function Storage({ entity, project, serverAdmin }: { entity: string; project: string; serverAdmin: boolean }) {
  const found = useQuery(storageQuery(entity, project));
  return (
    <section className={form["section"]} aria-labelledby="storage">
      <h2 id="storage">Storage of artifacts</h2>
      {found.error && <ErrorPanel what="The storage could not be counted" error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Skeleton height={120} />}
      {found.data && <Use entity={entity} project={project} use={found.data} />}
      {serverAdmin && <WouldBeFreed />}
    </section>
  );
}

function Use({ entity, project, use }: { entity: string; project: string; use: StorageUse }) {
  const [order, setOrder] = useState<HeldOrder>("stored_bytes");
  if (use.collections.length === 0) return <p>This project has no artifacts, so nothing is stored.</p>;
  const cut = use.collections.length >= LISTED_MAX;
  const shared = use.stored_bytes - use.collections.reduce((sum, one) => sum + one.alone_bytes, 0);
  return (
    <>
      <p role="status" aria-label="In all">
        {plural(use.versions, "version")} of {formatBytes(use.logical_bytes)} are kept in <strong title={`${use.stored_bytes} bytes`}>{formatBytes(use.stored_bytes)}</strong>:
        equal files are stored once. {!cut && `${formatBytes(shared)} of that are shared by several artifacts. `}
        {use.trash_versions > 0
          ? `${plural(use.trash_versions, "version")} in the trash ${use.trash_versions === 1 ? "holds" : "hold"} ${formatBytes(use.trash_bytes)} that nothing else does.`
          : "The trash is empty."}
      </p>
      <div className={styles["scroll"]} tabIndex={0} role="region" aria-label="By type">
        <table className={table["table"]} aria-label="Storage by type">
          <thead>
            <tr>
              <th scope="col">Type</th>
              <th scope="col" data-number>
                Artifacts
              </th>
              <th scope="col" data-number>
                Versions
              </th>
              <th scope="col" data-number>
                In full
              </th>
              <th scope="col" data-number title="What no artifact but one holds; what several of a type share is not in it">
                By one artifact alone
              </th>
            </tr>
          </thead>
          <tbody>
            {heldByType(use.collections).map((one) => (
              <tr key={one.type}>
                <th scope="row">{one.type}</th>
                <td data-number>{one.collections}</td>
                <td data-number>{one.versions}</td>
                <td data-number>{formatBytes(one.logical_bytes)}</td>
                <td data-number>{formatBytes(one.alone_bytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className={styles["scroll"]} tabIndex={0} role="region" aria-label="By artifact">
        <table className={table["table"]} aria-label="Storage by artifact">
          <thead>
            <tr>
              {COLUMNS.map((column) => (
                <th
                  key={column.order}
                  scope="col"
                  data-number={column.order === "name" ? undefined : true}
                  aria-sort={order !== column.order ? "none" : order === "name" ? "ascending" : "descending"}
                >
                  <button type="button" className={styles["order"]} title={column.hint || undefined} onClick={() => setOrder(column.order)}>
                    {column.label}
                    <span aria-hidden>{order === column.order ? (order === "name" ? " ↑" : " ↓") : ""}</span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {heldInOrder(use.collections, order).map((one) => (
              <Row key={`${one.deleted ? "-" : ""}${one.name}`} entity={entity} project={project} one={one} />
            ))}
          </tbody>
        </table>
      </div>
      {cut && <p className={form["quiet"]}>The thousand largest artifacts; the types are counted over these, the first sentence over all.</p>}
    </>
  );
}

function Row({ entity, project, one }: { entity: string; project: string; one: CollectionUse }) {
  return (
    <tr>
      <th scope="row">
        {one.deleted ? (
          <>
            {one.name}{" "}
            <Link className={styles["deleted"]} to="/$entity/$project/artifacts" params={{ entity, project }} search={{ trash: true, find: one.name }} title={`Restore ${one.name}, or see until when it can be`}>
              (deleted)
            </Link>
          </>
        ) : (
          <Link to="/$entity/$project/artifacts/$type/$collection" params={{ entity, project, type: one.type, collection: one.name }}>
            {one.name}
          </Link>
        )}
      </th>
      <td data-number>{one.versions}</td>
      <td data-number title={`${one.logical_bytes} bytes`}>
        {formatBytes(one.logical_bytes)}
      </td>
      <td data-number title={`${one.stored_bytes} bytes`}>
        {formatBytes(one.stored_bytes)}
      </td>
      <td data-number title={`${one.alone_bytes} bytes`}>
        {formatBytes(one.alone_bytes)}
      </td>
      <td data-number>{one.trash_versions > 0 ? plural(one.trash_versions, "version") : ""}</td>
    </tr>
  );
}

function WouldBeFreed() {
  const look = useMutation({
    mutationFn: previewCollection,
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  return (
    <div className={form["row"]}>
      <Button disabled={look.isPending} onClick={() => look.mutate()}>
        See what a collection of garbage would free on this server
      </Button>
      {look.data && (
        <p role="status" aria-label="What would be freed" className={styles["freed"]}>
          {formatBytes(look.data.bytes)} in {plural(look.data.blobs, "file")} that nothing refers to
          {look.data.versions > 0 && `, with ${plural(look.data.versions, "version")} whose time in the trash is over`}. A collection runs every six hours by itself.
        </p>
      )}
    </div>
  );
}
