/** What the run ran on and in, and the commands that bring it back. */

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";

import { filesQuery, readFileText } from "@/api/files";
import type { Run } from "@/api/types";
import { formatBytes } from "@/base/numbers";
import { CodeBlock, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Facts, ValueTable, type Fact } from "@/widgets/facts";

import styles from "./page.module.css";

const text = (value: unknown) =>
  typeof value === "string" || typeof value === "number" ? String(value) : undefined;

function part(environment: Record<string, unknown>, name: string): Record<string, unknown> {
  const value = environment[name];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

export function EnvironmentTab({ run }: { run: Run }) {
  const environment = (run.environment ?? {}) as Record<string, unknown>;
  const git = part(environment, "git");
  const facts: Fact[] = [
    { name: "Python", value: text(environment["python"]) },
    { name: "System", value: text(environment["os"]) },
    { name: "Host", value: text(environment["host"]) ?? run.host },
    { name: "Processor", value: processor(environment) },
    { name: "Memory", value: bytesOf(environment["memory"]) },
    { name: "Accelerators", value: accelerators(environment) },
    { name: "Folder", value: text(environment["cwd"]), copy: text(environment["cwd"]) },
    { name: "Repository", value: text(git["remote"]), copy: text(git["remote"]) },
    { name: "Branch", value: text(git["branch"]) },
    { name: "Commit", value: text(git["commit"]) && <code>{text(git["commit"])}</code>, copy: text(git["commit"]) },
    { name: "Uncommitted", value: git["dirty"] === true ? "yes: the difference is kept as diff.patch" : git["dirty"] === false ? "nothing" : undefined },
  ];
  return (
    <div className={styles["columns"]}>
      <section className={styles["section"]}>
        <h2>Where it ran</h2>
        <Facts facts={facts} />
        <Reproduce run={run} git={git} />
      </section>
      <section className={styles["section"]}>
        <h2>Packages</h2>
        <Packages run={run} />
      </section>
      <section className={styles["section"]}>
        <h2>Everything recorded</h2>
        <ValueTable label="Environment" value={environment} empty="Nothing was recorded of the environment." />
      </section>
    </div>
  );
}

function Reproduce({ run, git }: { run: Run; git: Record<string, unknown> }) {
  const lines: string[] = [];
  const remote = text(git["remote"]);
  const commit = text(git["commit"]);
  if (remote !== undefined) lines.push(`git clone ${quote(remote)} run-${run.id} && cd run-${run.id}`);
  if (commit !== undefined) lines.push(`git checkout ${quote(commit)}`);
  if (git["dirty"] === true) lines.push("git apply diff.patch        # from the Files tab");
  lines.push("pip install -r requirements.txt  # from the Files tab");
  if (run.command.length > 0) lines.push(run.command.map(quote).join(" "));
  return (
    <>
      <h2>Reproduce</h2>
      <CodeBlock code={lines.join("\n")} label="commands to reproduce the run" />
    </>
  );
}

function Packages({ run }: { run: Run }) {
  const files = useInfiniteQuery(filesQuery(run.entity, run.project, run.id, "requirements.txt"));
  const kept = files.data?.pages.some((page) => page.files.some((file) => file.name === "requirements.txt")) ?? false;
  const list = useQuery({
    queryKey: ["file-text", run.entity, run.project, run.id, "requirements.txt"],
    queryFn: ({ signal }) => readFileText(run.entity, run.project, run.id, "requirements.txt", signal),
    enabled: kept,
  });
  if (files.isSuccess && !kept) return <p className={styles["quiet"]}>The run kept no list of its packages.</p>;
  const error = files.error ?? list.error;
  if (error) return <ErrorPanel what="The list could not be read" error={error} onRetry={() => void list.refetch()} />;
  if (list.data === undefined) return <Skeleton height={160} />;
  return (
    <div className={styles["packages"]}>
      <CodeBlock code={list.data} label="requirements.txt" />
    </div>
  );
}

function processor(environment: Record<string, unknown>): string | undefined {
  const cpu = part(environment, "cpu");
  const name = text(cpu["name"]) ?? text(cpu["model"]) ?? text(environment["cpu"]);
  const count = text(cpu["count"]) ?? text(environment["cpu_count"]);
  if (name === undefined && count === undefined) return undefined;
  return [name, count && `${count} cores`].filter(Boolean).join(", ");
}

function bytesOf(value: unknown): string | undefined {
  const total = typeof value === "object" && value !== null ? (value as Record<string, unknown>)["total"] : value;
  const bytes = Number(total);
  return Number.isFinite(bytes) && bytes > 0 ? formatBytes(bytes) : undefined;
}

function accelerators(environment: Record<string, unknown>): string | undefined {
  const gpus = environment["gpus"] ?? environment["gpu"];
  if (typeof gpus === "string") return gpus;
  if (!Array.isArray(gpus) || gpus.length === 0) return undefined;
  return gpus
    .map((one) => (typeof one === "object" && one !== null ? text((one as Record<string, unknown>)["name"]) : text(one)))
    .filter(Boolean)
    .join(", ");
}

/** For a shell, where it is not plain already. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
