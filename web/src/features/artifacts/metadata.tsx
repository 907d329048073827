/** The version's metadata as rows, nested keys spelled with dots. */

import { useMemo, useState } from "react";

import type { ArtifactVersion } from "@/api/artifacts";
import { flatten } from "@/base/flatten";
import { formatCount, fullValue } from "@/base/numbers";
import { SearchInput } from "@/widgets/controls";
import { CopyButton } from "@/widgets/feedback";
import { Value } from "@/widgets/values";
import table from "@/widgets/table.module.css";

import styles from "./artifacts.module.css";

const ROWS_MAX = 1000;

export function MetadataTab({ version }: { version: ArtifactVersion }) {
  const [find, setFind] = useState("");
  const rows = useMemo(() => flatten(version.metadata), [version.metadata]);
  const wanted = rows.filter(({ name }) => name.toLowerCase().includes(find.toLowerCase()));
  if (rows.length === 0) {
    return (
      <p className={styles["tab"]}>
        The version has no metadata. Give some with <code>Artifact(name, type, metadata={"{…}"})</code>.
      </p>
    );
  }
  return (
    <div className={styles["tab"]}>
      <div className={styles["bar"]}>
        <SearchInput label="Find a key" value={find} onChange={(event) => setFind(event.target.value)} />
        <span className={styles["quiet"]}>
          {formatCount(wanted.length)} of {formatCount(rows.length)} keys
        </span>
        <CopyButton label="Copy as JSON" text={() => JSON.stringify(version.metadata, null, 2)} />
      </div>
      <table className={table["table"]}>
        <tbody>
          {wanted.slice(0, ROWS_MAX).map(({ name, value }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <Value value={value} /> <CopyButton text={fullValue(value)} label={`Copy ${name}`} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {wanted.length > ROWS_MAX && <p className={styles["quiet"]}>{formatCount(ROWS_MAX)} are shown; find others by name.</p>}
    </div>
  );
}
