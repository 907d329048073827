/** What differs between two versions of a collection: files, then what is said of them. */

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Folder } from "lucide-react";
import { useMemo } from "react";

import { artifactDiffQuery, versionBeforeQuery, versionsQuery, type ArtifactVersion, type FileChange, type FolderChange } from "@/api/artifacts";
import { flatten } from "@/base/flatten";
import { formatBytes, formatCount, fullValue, plural } from "@/base/numbers";
import { Button, Select } from "@/widgets/controls";
import { AnyVersion } from "@/widgets/any-version";
import { ErrorPanel, LoadingBar, Skeleton } from "@/widgets/feedback";
import { FolderPath } from "@/widgets/folders";
import { Value } from "@/widgets/values";
import table from "@/widgets/table.module.css";

import styles from "./artifacts.module.css";
import type { VersionSearch } from "./search";
import type { Shown } from "./version";

interface Props {
  shown: Shown;
  collection: string;
  /** `vN`; "" the one before */
  to: string;
  folder: string;
  onChange: (next: Partial<VersionSearch>) => void;
}

export function CompareTab({ shown, collection, to, folder, onChange }: Props) {
  const versions = useInfiniteQuery(versionsQuery(shown.entity, shown.project, collection));
  const listed = versions.data?.pages.flatMap((page) => page.versions) ?? [];
  // Of many versions only the newest are listed: the one before this one is asked for.
  const before = useQuery({ ...versionBeforeQuery(shown.entity, shown.project, collection, shown.version.version), enabled: to === "" });
  const others = listed.filter((one) => one.version !== shown.version.version);
  const base = to !== "" ? to : ((before.data ?? others[0])?.version ?? "");
  if (versions.isPending || (to === "" && before.isPending)) return <Skeleton height={160} />;
  if (base === "") return <p className={styles["tab"]}>There is no other version to compare with yet.</p>;
  const options = others.map((one) => ({ value: one.version, label: nameOf(one) }));
  if (!options.some((one) => one.value === base)) options.unshift({ value: base, label: base });
  return (
    <div className={styles["tab"]}>
      <div className={styles["bar"]}>
        <span>From</span>
        <Select label="Compare with" options={options} value={base} onChoose={(value) => onChange({ to: value })} />
        <span>to {shown.version.version}</span>
        {versions.hasNextPage && <AnyVersion label="Another version or alias" onChoose={(version) => onChange({ to: version })} />}
      </div>
      <Difference shown={shown} from={`${collection}:${base}`} folder={folder} onFolder={(next) => onChange({ folder: next })} />
    </div>
  );
}

function nameOf(version: ArtifactVersion): string {
  const names = version.aliases.map((alias) => alias.alias);
  return names.length > 0 ? `${version.version} (${names.join(", ")})` : version.version;
}

function Difference({
  shown,
  from,
  folder,
  onFolder,
}: {
  shown: Shown;
  from: string;
  folder: string;
  onFolder: (folder: string | undefined) => void;
}) {
  const prefix = folder === "" ? "" : `${folder}/`;
  const diff = useInfiniteQuery(artifactDiffQuery(shown.entity, shown.project, from, shown.artifact, prefix));
  const first = diff.data?.pages[0];
  const said = useMemo(() => (first ? saidOf(first.old, first.new) : []), [first]);
  const rows = useMemo(
    () => diff.data?.pages.flatMap((page): (FolderChange | FileChange)[] => [...page.folders, ...page.changes]) ?? [],
    [diff.data],
  );
  if (diff.error) return <ErrorPanel what="The versions could not be compared" error={diff.error} onRetry={() => void diff.refetch()} />;
  if (!first) return <Skeleton height={160} />;
  return (
    <>
      {diff.isFetching && <LoadingBar />}
      <FolderPath root="all files" folder={folder} onFolder={onFolder} />
      <p role="status" style={{ margin: 0 }}>
        {first.added + first.removed + first.changed === 0
          ? `The files ${folder === "" ? "" : `below ${folder} `}are the same.`
          : `${plural(first.added, "file")} added, ${formatCount(first.removed)} removed, ${formatCount(first.changed)} changed.`}
      </p>
      {rows.length > 0 && (
        <div className={styles["scroll"]} tabIndex={0} role="region" aria-label="Files that differ">
          <table className={table["table"]}>
            <thead>
              <tr>
                <th scope="col">Change</th>
                <th scope="col">File</th>
                <th scope="col" data-number>
                  Before
                </th>
                <th scope="col" data-number>
                  After
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) =>
                "change" in row ? (
                  <Change key={row.path} change={row} prefix={prefix} />
                ) : (
                  <Below key={row.path} folder={row} prefix={prefix} onFolder={onFolder} />
                ),
              )}
            </tbody>
          </table>
        </div>
      )}
      {diff.hasNextPage && (
        <Button small disabled={diff.isFetchingNextPage} onClick={() => void diff.fetchNextPage()}>
          More changes
        </Button>
      )}
      {said.length > 0 && (
        <>
          <h2>Metadata and facts</h2>
          <table className={table["table"]}>
            <thead>
              <tr>
                <th scope="col">Key</th>
                <th scope="col">Before</th>
                <th scope="col">After</th>
              </tr>
            </thead>
            <tbody>
              {said.map((row) => (
                <tr key={row.name}>
                  <th scope="row">{row.name}</th>
                  <td>{row.old === undefined ? <span className={styles["quiet"]}>not set</span> : <Value value={row.old} />}</td>
                  <td>{row.new === undefined ? <span className={styles["quiet"]}>not set</span> : <Value value={row.new} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </>
  );
}

function Below({ folder, prefix, onFolder }: { folder: FolderChange; prefix: string; onFolder: (folder: string) => void }) {
  const { added, removed, changed } = folder;
  const told = [added > 0 && `${formatCount(added)} added`, removed > 0 && `${formatCount(removed)} removed`, changed > 0 && `${formatCount(changed)} changed`];
  return (
    <tr>
      <td>{told.filter(Boolean).join(", ")}</td>
      <td className={styles["name"]}>
        <button type="button" className={styles["link"]} onClick={() => onFolder(folder.path.slice(0, -1))}>
          <Folder size={14} aria-hidden /> {folder.path.slice(prefix.length, -1)}
        </button>
      </td>
      <td data-number>{formatBytes(folder.old_bytes)}</td>
      <td data-number>{formatBytes(folder.new_bytes)}</td>
    </tr>
  );
}

function Change({ change, prefix }: { change: FileChange; prefix: string }) {
  return (
    <tr>
      <td className={styles["change"]} data-change={change.change}>
        {change.change}
      </td>
      <td className={styles["name"]} title={change.path}>
        {change.path.slice(prefix.length)}
      </td>
      <td data-number title={change.old?.sha256}>
        {change.old ? formatBytes(change.old.size) : ""}
      </td>
      <td data-number title={change.new?.sha256}>
        {change.new ? formatBytes(change.new.size) : ""}
      </td>
    </tr>
  );
}

const SAID_MAX = 500;

function saidOf(old: ArtifactVersion, now: ArtifactVersion): { name: string; old: unknown; new: unknown }[] {
  const read = (version: ArtifactVersion) =>
    new Map(flatten({ metadata: version.metadata, ...version.facts }).map(({ name, value }) => [name, value]));
  const [before, after] = [read(old), read(now)];
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((name) => fullValue(before.get(name)) !== fullValue(after.get(name)))
    .slice(0, SAID_MAX)
    .map((name) => ({ name, old: before.get(name), new: after.get(name) }));
}
