/** What differs between two versions of a collection: files, then what is said of them. */

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { artifactDiffQuery, versionsQuery, type ArtifactVersion, type FileChange } from "@/api/artifacts";
import { flatten } from "@/base/flatten";
import { formatBytes, formatCount, fullValue, plural } from "@/base/numbers";
import { Select } from "@/widgets/controls";
import { ErrorPanel, LoadingBar, Skeleton } from "@/widgets/feedback";
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
  onChange: (next: Partial<VersionSearch>) => void;
}

export function CompareTab({ shown, collection, to, onChange }: Props) {
  const versions = useInfiniteQuery(versionsQuery(shown.entity, shown.project, collection));
  const listed = versions.data?.pages.flatMap((page) => page.versions) ?? [];
  const others = listed.filter((one) => one.version !== shown.version.version);
  const number = Number(shown.version.version.slice(1));
  const before = others.find((one) => Number(one.version.slice(1)) < number) ?? others[0];
  const base = to !== "" ? to : (before?.version ?? "");
  if (versions.isPending) return <Skeleton height={160} />;
  if (base === "") return <p className={styles["tab"]}>There is no other version to compare with yet.</p>;
  const options = others.map((one) => ({ value: one.version, label: nameOf(one) }));
  if (!options.some((one) => one.value === base)) options.unshift({ value: base, label: base });
  return (
    <div className={styles["tab"]}>
      <div className={styles["bar"]}>
        <span>From</span>
        <Select label="Compare with" options={options} value={base} onChoose={(value) => onChange({ to: value })} />
        <span>to {shown.version.version}</span>
        {versions.hasNextPage && (
          <button type="button" className={styles["link"]} onClick={() => void versions.fetchNextPage()}>
            older versions
          </button>
        )}
      </div>
      <Difference shown={shown} from={`${collection}:${base}`} />
    </div>
  );
}

function nameOf(version: ArtifactVersion): string {
  const names = version.aliases.map((alias) => alias.alias);
  return names.length > 0 ? `${version.version} (${names.join(", ")})` : version.version;
}

function Difference({ shown, from }: { shown: Shown; from: string }) {
  const diff = useQuery(artifactDiffQuery(shown.entity, shown.project, from, shown.artifact));
  const said = useMemo(() => (diff.data ? saidOf(diff.data.old, diff.data.new) : []), [diff.data]);
  if (diff.error) return <ErrorPanel what="The versions could not be compared" error={diff.error} onRetry={() => void diff.refetch()} />;
  if (!diff.data) return <Skeleton height={160} />;
  const { added, removed, changed, changes, truncated } = diff.data;
  const none = added + removed + changed === 0;
  return (
    <>
      {diff.isFetching && <LoadingBar />}
      <p role="status" style={{ margin: 0 }}>
        {none ? "The files are the same." : `${plural(added, "file")} added, ${formatCount(removed)} removed, ${formatCount(changed)} changed.`}
      </p>
      {changes.length > 0 && (
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
            {changes.map((change) => (
              <Change key={change.path} change={change} />
            ))}
          </tbody>
        </table>
      )}
      {truncated && <p className={styles["quiet"]}>The first {formatCount(changes.length)} are shown.</p>}
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

function Change({ change }: { change: FileChange }) {
  return (
    <tr>
      <td className={styles["change"]} data-change={change.change}>
        {change.change}
      </td>
      <td className={styles["name"]}>{change.path}</td>
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
