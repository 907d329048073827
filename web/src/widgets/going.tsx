/** What would go to the trash: how much, of which collections, and the first versions by name. */

import type { RetentionPreview } from "@/api/retention";
import { formatBytes, formatCount, plural } from "@/base/numbers";

import styles from "./going.module.css";

export function Going({ found }: { found: RetentionPreview }) {
  if (found.versions === 0) return <p role="status">Nothing would go.</p>;
  return (
    <div className={styles["going"]} role="status" aria-label="What would go">
      <p>
        {plural(found.versions, "version")} of {formatBytes(found.bytes)} would go to the trash. Garbage collection would then free{" "}
        {formatBytes(found.freed_bytes)}
        {found.freed_bytes < found.bytes ? ": the rest is shared, with each other or with versions that stay." : "."}
      </p>
      {found.collections.length > 1 && (
        <div className={styles["scroll"]} tabIndex={0} role="region" aria-label="By artifact">
          <table>
            <thead>
              <tr>
                <th scope="col">Artifact</th>
                <th scope="col">Type</th>
                <th scope="col">Versions</th>
                <th scope="col">Size</th>
              </tr>
            </thead>
            <tbody>
              {found.collections.map((one) => (
                <tr key={one.name}>
                  <td>{one.name}</td>
                  <td>{one.type}</td>
                  <td>{formatCount(one.versions)}</td>
                  <td>{formatBytes(one.bytes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p className={styles["quiet"]}>
        {found.shown.map((one) => one.name).join(", ")}
        {found.versions > found.shown.length && `, and ${formatCount(found.versions - found.shown.length)} more`}
      </p>
    </div>
  );
}
