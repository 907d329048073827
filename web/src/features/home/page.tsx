/** What is running, what failed since yesterday, and the projects by last activity. */

import { useInfiniteQuery, useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";

import { alertsQuery } from "@/api/alerts";
import { meQuery } from "@/api/me";
import { projectsQuery } from "@/api/projects";
import { queryRuns } from "@/api/runs";
import type { Project, Run } from "@/api/types";
import { formatCount, plural } from "@/base/numbers";
import { AlertList } from "@/widgets/alerts";
import { Button, SearchInput } from "@/widgets/controls";
import { CodeBlock, Empty, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Duration, State, Swatch, Time } from "@/widgets/values";

import styles from "./page.module.css";

/** Only the projects that moved last are asked for their runs: older ones have none running. */
const WATCHED_PROJECTS = 8;
const DAY_SECONDS = 86_400;

export function HomePage() {
  const [search, setSearch] = useState("");
  const projects = useInfiniteQuery(projectsQuery(search));
  const recent = useInfiniteQuery(projectsQuery());
  const rows = projects.data?.pages.flatMap((page) => page.projects);
  const newest = recent.data?.pages[0]?.projects ?? [];
  return (
    <div className={styles["page"]}>
      <title>Runstone</title>
      <h1 className="visually-hidden">Home</h1>
      {recent.isSuccess && newest.length === 0 ? (
        <FirstRun />
      ) : (
        <>
          <LatelyRuns projects={newest.slice(0, WATCHED_PROJECTS)} />
          <section className={styles["section"]} aria-labelledby="projects">
            <div className={styles["head"]}>
              <h2 id="projects">Projects</h2>
              <SearchInput label="Find a project" value={search} onChange={(event) => setSearch(event.target.value)} />
            </div>
            {projects.error && (
              <ErrorPanel what="The projects could not be read" error={projects.error} onRetry={() => void projects.refetch()} />
            )}
            {projects.isPending && <Skeleton height={120} />}
            {rows?.length === 0 && (
              <Empty title={`No project matches “${search}”`}>
                <Button small onClick={() => setSearch("")}>
                  Clear the search
                </Button>
              </Empty>
            )}
            <ul className={styles["list"]}>
              {rows?.map((one) => (
                <li key={one.id}>
                  <Link to="/$entity/$project/workspace" params={{ entity: one.entity, project: one.name }}>
                    <span className={styles["entity"]}>{one.entity} / </span>
                    {one.name}
                  </Link>
                  <span className={styles["about"]}>{one.description}</span>
                  <span>{plural(one.run_count, "run")}</span>
                  <span className={styles["when"]}>
                    <Time at={one.updated_at} />
                  </span>
                </li>
              ))}
            </ul>
            {projects.hasNextPage && <Button onClick={() => void projects.fetchNextPage()}>More projects</Button>}
          </section>
        </>
      )}
    </div>
  );
}

function LatelyRuns({ projects }: { projects: readonly Project[] }) {
  const since = useMemo(() => Math.floor(Date.now() / 1000) - DAY_SECONDS, []);
  const answers = useQueries({
    queries: projects.map((one) => ({
      queryKey: ["lately", one.entity, one.name, since],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        queryRuns(
          one.entity,
          one.name,
          {
            filter: {
              $or: [
                { state: { $in: ["running", "preempting"] } },
                { $and: [{ state: { $in: ["failed", "crashed"] } }, { updated_at: { $gte: since } }] },
              ],
            },
            order: ["-created_at"],
            limit: 20,
            select: [],
          },
          signal,
        ),
      refetchInterval: 15_000,
    })),
  });
  const runs = answers.flatMap((answer) => answer.data?.runs ?? []);
  const running = runs.filter((run) => run.state === "running" || run.state === "preempting");
  const failed = runs.filter((run) => run.state === "failed" || run.state === "crashed");
  const error = answers.find((answer) => answer.error)?.error;
  return (
    <div className={styles["columns"]}>
      {error && <ErrorPanel what="Some runs could not be read" error={error} />}
      <RunList title="Running now" runs={running} empty="Nothing is running." />
      <RunList title="Failed since yesterday" runs={failed} empty="Nothing failed." />
      <LatelyAlerts since={since} />
    </div>
  );
}

function LatelyAlerts({ since }: { since: number }) {
  const query = useQuery(alertsQuery);
  const alerts = (query.data?.alerts ?? []).filter((alert) => alert.at >= since);
  if (alerts.length === 0) return null;
  return (
    <section className={styles["section"]}>
      <h2>
        Alerts since yesterday <span className={styles["count"]}>{formatCount(alerts.length)}</span>
      </h2>
      <AlertList
        alerts={alerts}
        link={(alert) => (
          <Link to="/$entity/$project/runs/$run" params={{ entity: alert.entity, project: alert.project, run: alert.run }}>
            {alert.project} / {alert.run}
          </Link>
        )}
      />
    </section>
  );
}

function RunList({ title, runs, empty }: { title: string; runs: readonly Run[]; empty: string }) {
  return (
    <section className={styles["section"]}>
      <h2>
        {title} {runs.length > 0 && <span className={styles["count"]}>{formatCount(runs.length)}</span>}
      </h2>
      {runs.length === 0 && <p className={styles["none"]}>{empty}</p>}
      <ul className={styles["list"]}>
        {runs.map((run) => (
          <li key={`${run.entity}/${run.project}/${run.id}`}>
            <Swatch slot={run.colour} />
            <Link to="/$entity/$project/runs/$run" params={{ entity: run.entity, project: run.project, run: run.id }}>
              {run.display_name}
            </Link>
            <span className={styles["about"]}>{run.project}</span>
            <State state={run.state} />
            <span className={styles["when"]}>
              {run.state === "running" ? <Duration seconds={run.duration} /> : <Time at={run.finished_at ?? run.updated_at} />}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function FirstRun() {
  const me = useQuery(meQuery);
  const url = me.data?.server.base_url || new URL(document.baseURI).href.replace(/\/$/, "");
  return (
    <Empty title="No run yet">
      <p>Log one: on this machine nothing needs configuring.</p>
      <CodeBlock
        label="first run"
        code={[
          "import runstone",
          "",
          'run = runstone.init(project="first", config={"lr": 3e-4})',
          "for step in range(100):",
          '    run.log({"loss": 1 / (step + 1)})',
          "run.finish()",
        ].join("\n")}
      />
      <p>From another machine, connect first:</p>
      <CodeBlock label="command to connect" code={`pip install runstone\nrunstone login ${url}`} />
    </Empty>
  );
}
