/** Projects with the latest activity first. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { projectsQuery } from "@/api/projects";
import { plural } from "@/base/numbers";
import { Button } from "@/widgets/controls";
import { Empty, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Time } from "@/widgets/values";

import styles from "./page.module.css";

export function HomePage() {
  const projects = useInfiniteQuery(projectsQuery());
  const rows = projects.data?.pages.flatMap((page) => page.projects);
  return (
    <div className={styles["page"]}>
      <title>Runstone</title>
      <h1>Projects</h1>
      {projects.error && (
        <ErrorPanel what="The projects could not be read" error={projects.error} onRetry={() => void projects.refetch()} />
      )}
      {projects.isPending && <Skeleton height={120} />}
      {rows?.length === 0 && <Empty title="No project yet" />}
      <ul className={styles["list"]}>
        {rows?.map((one) => (
          <li key={one.id}>
            <Link to="/$entity/$project/workspace" params={{ entity: one.entity, project: one.name }}>
              {one.entity} / {one.name}
            </Link>
            <span>
              {plural(one.run_count, "run")}, <Time at={one.updated_at} />
            </span>
          </li>
        ))}
      </ul>
      {projects.hasNextPage && <Button onClick={() => void projects.fetchNextPage()}>More projects</Button>}
    </div>
  );
}
