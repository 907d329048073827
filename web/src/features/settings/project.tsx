/** Settings of one project: what its artifacts take up, what is kept of them, and what is being deleted. */

import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";

import { meQuery } from "@/api/me";
import { Skeleton } from "@/widgets/feedback";
import styles from "@/widgets/form-page.module.css";

import { Deletions } from "./deletions";
import { Retention } from "./retention";
import { Storage } from "./storage";

export function ProjectSettingsPage() {
  const { entity, project } = useParams({ from: "/$entity/$project/settings" });
  const me = useQuery(meQuery);
  if (!me.data) return <Skeleton height={200} />;
  const role = me.data.entities.find((one) => one.name === entity)?.role;
  const admin = me.data.is_admin || role === "admin";
  return (
    <div className={styles["page"]}>
      <title>{`Settings · ${project} · Runstone`}</title>
      <h1>Settings of {project}</h1>
      <Storage entity={entity} project={project} serverAdmin={me.data.is_admin} />
      <Retention entity={entity} project={project} admin={admin} />
      <Deletions entity={entity} project={project} writes={admin || role === "member"} />
    </div>
  );
}
