/** What the artifacts of each project of an account, team or organisation take up. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { entityStorageQuery, type EntityUse } from "@/api/storage";
import type { Me } from "@/api/types";
import { formatBytes, plural } from "@/base/numbers";
import { Field, Select } from "@/widgets/controls";
import { ErrorPanel, Skeleton } from "@/widgets/feedback";
import form from "@/widgets/form-page.module.css";
import table from "@/widgets/table.module.css";

import styles from "./storage.module.css";

export function EntityStorage({ me, entity, onEntity }: { me: Me; entity: string | undefined; onEntity: (name: string) => void }) {
  const chosen = entity ?? me.default_entity;
  const options = [...new Set([...me.entities.map((one) => one.name), chosen])].map((name) => ({ value: name, label: name }));
  const found = useQuery(entityStorageQuery(chosen));
  return (
    <section className={form["section"]} aria-labelledby="entity-storage">
      <h2 id="entity-storage">Storage of artifacts</h2>
      <Field label="Stored by">
        <Select label="Stored by" options={options} value={chosen} onChoose={onEntity} />
      </Field>
      {found.error && <ErrorPanel what="The storage could not be counted" error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Skeleton height={80} />}
      {found.data && <Use entity={chosen} use={found.data} />}
    </section>
  );
}

function Use({ entity, use }: { entity: string; use: EntityUse }) {
  if (use.projects.length === 0) return <p>No project of {entity} has artifacts, so nothing is stored.</p>;
  const shared = use.stored_bytes - use.projects.reduce((sum, one) => sum + one.alone_bytes, 0);
  return (
    <>
      <p role="status" aria-label="In all projects">
        {plural(use.versions, "version")} of {formatBytes(use.logical_bytes)} are kept in{" "}
        <strong title={`${use.stored_bytes} bytes`}>{formatBytes(use.stored_bytes)}</strong>: equal files are stored once.
        {shared > 0 && ` ${formatBytes(shared)} of that are shared by several projects.`}
      </p>
      <div className={styles["scroll"]}>
        <table className={table["table"]} aria-label="Storage by project">
          <thead>
            <tr>
              <th scope="col">Project</th>
              <th scope="col" data-number title="Those in the trash not counted">
                Versions
              </th>
              <th scope="col" data-number title="Each version counted in full">
                In full
              </th>
              <th scope="col" data-number title="Equal files once; those of the trash too">
                Stored
              </th>
              <th scope="col" data-number title="What no other project of these holds">
                Held alone
              </th>
              <th scope="col" data-number title="Versions that can still be restored">
                In the trash
              </th>
            </tr>
          </thead>
          <tbody>
            {use.projects.map((one) => (
              <tr key={one.name}>
                <th scope="row">
                  <Link to="/$entity/$project/settings" params={{ entity, project: one.name }} hash="storage">
                    {one.name}
                  </Link>
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
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
