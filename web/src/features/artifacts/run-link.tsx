import { Link } from "@tanstack/react-router";

/** run: ENTITY/PROJECT/RUN, or empty. */
export function RunLink({ run }: { run: string }) {
  const [entity, project, id] = run.split("/");
  if (entity === undefined || project === undefined || id === undefined) return null;
  return (
    <Link to="/$entity/$project/runs/$run" params={{ entity, project, run: id }} title={run}>
      {id}
    </Link>
  );
}
