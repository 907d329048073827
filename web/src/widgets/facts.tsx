/** Tables of names and values: short facts, and searchable trees of config or summary. */

import { useMemo, useState, type ReactNode } from "react";

import { flatten } from "@/base/flatten";
import { fullValue, plural } from "@/base/numbers";

import { SearchInput } from "./controls";
import styles from "./facts.module.css";
import { CopyButton } from "./feedback";
import { Value } from "./values";

export interface Fact {
  name: string;
  value: ReactNode;
  /** what the copy button copies; none: no button */
  copy?: string | undefined;
}

/** Facts without a value are left out. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  const shown = facts.filter(({ value }) => value !== null && value !== undefined && value !== "");
  return (
    <dl className={styles["facts"]}>
      {shown.map((fact) => (
        <div key={fact.name}>
          <dt>{fact.name}</dt>
          <dd>
            <span>{fact.value}</span>
            {fact.copy !== undefined && <CopyButton text={fact.copy} label={`Copy ${fact.name.toLowerCase()}`} />}
          </dd>
        </div>
      ))}
    </dl>
  );
}

const ROWS_MAX = 500;

/** Every leaf of nested JSON under its dotted name; searched by name or value. */
export function ValueTable({ label, value, empty }: { label: string; value: unknown; empty: string }) {
  const [search, setSearch] = useState("");
  const leaves = useMemo(() => flatten(value ?? {}), [value]);
  const wanted = search.trim().toLowerCase();
  const found = wanted
    ? leaves.filter((leaf) => leaf.name.toLowerCase().includes(wanted) || fullValue(leaf.value).toLowerCase().includes(wanted))
    : leaves;
  const shown = found.slice(0, ROWS_MAX);
  if (leaves.length === 0) return <p className={styles["none"]}>{empty}</p>;
  return (
    <div className={styles["table"]}>
      {leaves.length > 8 && (
        <SearchInput label={`Search ${label.toLowerCase()}`} value={search} onChange={(event) => setSearch(event.target.value)} />
      )}
      <table aria-label={label}>
        <tbody>
          {shown.map((leaf) => (
            <tr key={leaf.path.join("\n")}>
              <th scope="row">{leaf.name}</th>
              <td>
                <Value value={leaf.value} />
                <CopyButton text={fullValue(leaf.value)} label={`Copy ${leaf.name}`} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {found.length === 0 && <p className={styles["none"]}>Nothing in {label.toLowerCase()} matches “{search}”.</p>}
      {found.length > shown.length && (
        <p className={styles["none"]}>
          {plural(shown.length, "value")} of {found.length} shown; search to find the others.
        </p>
      )}
    </div>
  );
}
