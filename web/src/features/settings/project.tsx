/** Settings of one project: what its artifacts take up, what is kept of them, and what is being deleted. */

import { useParams } from "@tanstack/react-router";

import { useOwnRights, useProjectRights } from "@/model/may";
import styles from "@/widgets/form-page.module.css";

import { Deletions } from "./deletions";
import { Retention } from "./retention";
import { Storage } from "./storage";

export function ProjectSettingsPage() {
  const { entity, project } = useParams({ from: "/$entity/$project/settings" });
  const may = useProjectRights(entity, project);
  const own = useOwnRights();
  return (
    <div className={styles["page"]}>
      <title>{`Settings · ${project} · Runstone`}</title>
      <h1>Settings of {project}</h1>
      <Storage entity={entity} project={project} serverAdmin={own.admin.allowed} />
      <Retention entity={entity} project={project} may={may.manage} />
      <Deletions entity={entity} project={project} writes={may.write.allowed} />
    </div>
  );
}
