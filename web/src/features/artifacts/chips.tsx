/** Names a version goes by, and tags. */

import styles from "./artifacts.module.css";

const IN_LINE = 2;

/** line: in one line, the first ones and how many more, all in the title. onChoose: each is a button. */
export function Chips({
  kind,
  names,
  line = false,
  onChoose,
}: {
  kind: "alias" | "tag" | "version";
  names: readonly string[];
  line?: boolean;
  onChoose?: (name: string) => void;
}) {
  if (names.length === 0) return null;
  const shown = line ? names.slice(0, IN_LINE) : names;
  return (
    <span className={styles["chips"]} data-line={line || undefined} title={line ? names.join(", ") : undefined}>
      {shown.map((name) =>
        onChoose ? (
          <button
            key={name}
            type="button"
            tabIndex={-1}
            className={styles["chip"]}
            data-kind={kind}
            title={`Only with the tag ${name}`}
            onClick={(event) => {
              event.stopPropagation();
              onChoose(name);
            }}
          >
            {name}
          </button>
        ) : (
          <span key={name} className={styles["chip"]} data-kind={kind}>
            {name}
          </span>
        ),
      )}
      {shown.length < names.length && <span className={styles["more"]}>+{names.length - shown.length}</span>}
    </span>
  );
}
