/** Reports of a project, and the workspaces that other clients saved in it. */

import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { FileText, LayoutDashboard, PencilLine } from "lucide-react";
import { useMemo, useState } from "react";

import type { View } from "@/api/types";
import { viewsQuery } from "@/api/views";
import { asString } from "@/base/parse";
import { REPORT_TYPES, type Report } from "@/base/report";
import { SearchInput } from "@/widgets/controls";
import { CodeBlock, Empty, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Time } from "@/widgets/values";

import styles from "./reports.module.css";

const KINDS: readonly { type: Report["type"]; title: string; icon: typeof FileText }[] = [
  { type: "report", title: "Reports", icon: FileText },
  { type: "draft", title: "Drafts", icon: PencilLine },
  { type: "workspace", title: "Workspaces saved by other clients", icon: LayoutDashboard },
];

const EXAMPLE = `import wandb_workspaces.reports.v2 as wr

report = wr.Report(project="PROJECT", title="What we saw")
report.blocks = [wr.H1("Loss"), wr.PanelGrid(panels=[wr.LinePlot(y=["loss"])])]
report.save()`;

export function ReportsPage() {
  const { entity, project } = useParams({ from: "/$entity/$project/reports" });
  const [find, setFind] = useState("");
  const query = useQuery(viewsQuery(entity, project, "wandb"));
  const views = query.data?.views;
  const found = useMemo(() => {
    const wanted = find.trim().toLowerCase();
    return (views ?? []).filter((view) => `${view.name} ${view.owner}`.toLowerCase().includes(wanted));
  }, [views, find]);
  return (
    <div className={styles["page"]}>
      <title>{`Reports · ${project} · Runstone`}</title>
      <h1>Reports</h1>
      {query.error ? (
        <ErrorPanel what="The reports could not be read" error={query.error} onRetry={() => void query.refetch()} />
      ) : !views ? (
        <Skeleton height={160} />
      ) : views.length === 0 ? (
        <Empty title="No report yet">
          <p>Reports and workspaces saved with wandb-workspaces are kept here as they were saved, and shown.</p>
          <CodeBlock label="Save a report" code={EXAMPLE.replace("PROJECT", project)} />
        </Empty>
      ) : (
        <>
          <SearchInput label="Find a report" value={find} onChange={(event) => setFind(event.target.value)} />
          {found.length === 0 && <p className={styles["quiet"]}>No report matches.</p>}
          {KINDS.map(({ type, title, icon: Icon }) => {
            const some = found.filter((view) => typeOf(view) === type);
            if (some.length === 0) return null;
            return (
              <section key={type} aria-label={title}>
                <h2>{title}</h2>
                <ul className={styles["list"]}>
                  {some.map((view) => (
                    <li key={view.id}>
                      <Icon size={15} aria-hidden />
                      <Link to="/$entity/$project/reports/$report" params={{ entity, project, report: view.id }}>
                        {view.name}
                      </Link>
                      <span className={styles["about"]}>{asString(view.spec["description"])}</span>
                      <span>{view.owner || "a former member"}</span>
                      <Time at={view.updated_at} />
                    </li>
                  ))}
                </ul>
              </section>
            );
          })}
        </>
      )}
    </div>
  );
}

function typeOf(view: View): Report["type"] {
  return REPORT_TYPES[asString(view.spec["type"]) ?? "runs"] ?? "report";
}
