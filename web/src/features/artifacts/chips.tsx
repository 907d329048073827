/** Names a version goes by, and tags. */

import styles from "./artifacts.module.css";

export function Chips({ kind, names }: { kind: "alias" | "tag" | "version"; names: readonly string[] }) {
  if (names.length === 0) return null;
  return (
    <span className={styles["chips"]}>
      {names.map((name) => (
        <span key={name} className={styles["chip"]} data-kind={kind}>
          {name}
        </span>
      ))}
    </span>
  );
}
