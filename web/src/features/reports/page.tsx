/** One report, to be read. It is kept as it was saved, and can be copied out whole. */

import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Copy } from "lucide-react";
import { useMemo } from "react";

import { ApiError } from "@/api/request";
import { viewQuery } from "@/api/views";
import { asString } from "@/base/parse";
import { reportOf, viewIdOf } from "@/base/report";
import { Button } from "@/widgets/controls";
import { copyText, Empty, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Time } from "@/widgets/values";

import { Blocks } from "./blocks";
import styles from "./reports.module.css";

const WORDS = { report: "Report", draft: "Draft of a report", workspace: "Workspace saved by another client" } as const;

export function ReportPage() {
  const { entity, project, report: address } = useParams({ from: "/$entity/$project/reports/$report" });
  const query = useQuery(viewQuery(viewIdOf(address)));
  const view = query.data;
  const report = useMemo(() => (view ? reportOf(view.spec) : null), [view]);
  if (query.error) {
    if (query.error instanceof ApiError && query.error.status === 404) {
      return (
        <Empty title="There is no such report">
          <p>It may have been deleted, or not be shared with you.</p>
          <Link to="/$entity/$project/reports" params={{ entity, project }}>
            See the project’s reports
          </Link>
        </Empty>
      );
    }
    return <ErrorPanel what="The report could not be read" error={query.error} onRetry={() => void query.refetch()} />;
  }
  if (!view || !report) return <Skeleton height={320} />;
  return (
    <div className={styles["scroll"]} tabIndex={0} role="region" aria-label="Report">
      <article className={styles["report"]} data-wide={report.wide}>
        <title>{`${report.title} · ${project} · Runstone`}</title>
        <header>
          <h1>{report.title || view.name}</h1>
          {report.description !== "" && <p>{report.description}</p>}
          <div className={styles["meta"]}>
            <span>{WORDS[report.type]}</span>
            <span>by {view.owner || "a former member"}</span>
            <Time at={view.updated_at} />
            <Button small onClick={() => void copyText(asString(view.spec["spec"]) ?? "", "Copied as it was saved")}>
              <Copy size={13} aria-hidden /> Copy as JSON
            </Button>
          </div>
        </header>
        {report.blocks.length === 0 ? <p className={styles["quiet"]}>It has no content.</p> : <Blocks blocks={report.blocks} entity={view.entity} project={view.project} />}
      </article>
    </div>
  );
}
