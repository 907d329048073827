/** Files as folders: names with slashes, and the way down to where one stands. */

import styles from "./folders.module.css";

export interface Folder {
  name: string;
  size: number;
  count: number;
}

/** What lies right below `prefix` ("" or ending in a slash): folders by first sight, then files. */
export function arrange<T extends { size: number }>(
  files: readonly T[],
  prefix: string,
  nameOf: (file: T) => string,
): { folders: Folder[]; here: T[] } {
  const folders = new Map<string, Folder>();
  const here: T[] = [];
  for (const file of files) {
    const rest = nameOf(file).slice(prefix.length);
    const slash = rest.indexOf("/");
    if (slash < 0) {
      here.push(file);
      continue;
    }
    const name = rest.slice(0, slash);
    const folder = folders.get(name) ?? { name, size: 0, count: 0 };
    folder.size += file.size;
    folder.count += 1;
    folders.set(name, folder);
  }
  return { folders: [...folders.values()], here };
}

/** `files / images / train`: each part leads there. */
export function FolderPath({
  root,
  folder,
  onFolder,
}: {
  root: string;
  folder: string;
  onFolder: (folder: string | undefined) => void;
}) {
  const parts = folder === "" ? [] : folder.split("/");
  return (
    <nav aria-label="Folder" className={styles["path"]}>
      <button type="button" className={styles["link"]} onClick={() => onFolder(undefined)}>
        {root}
      </button>
      {parts.map((part, at) => {
        const whole = parts.slice(0, at + 1).join("/");
        return (
          <span key={whole}>
            {" / "}
            <button type="button" className={styles["link"]} onClick={() => onFolder(whole)}>
              {part}
            </button>
          </span>
        );
      })}
    </nav>
  );
}
