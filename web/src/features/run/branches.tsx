/** Where a run was forked from, what was forked from it, and at which steps. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { GitBranch } from "lucide-react";

import { branchesQuery } from "@/api/branches";
import type { Run } from "@/api/types";
import { formatCount, plural } from "@/base/numbers";
import { describeError } from "@/widgets/feedback";
import { State, Swatch } from "@/widgets/values";

import styles from "./page.module.css";

export function Branches({ run }: { run: Run }) {
  const query = useQuery(branchesQuery(run));
  if (query.error) return <p role="alert">{describeError(query.error).message}</p>;
  const found = query.data;
  if (!found || (found.branches.length < 2 && found.missing === "")) return null;
  return (
    <>
      <h2>Branches</h2>
      {found.missing !== "" && <p className={styles["quiet"]}>It goes back to {found.missing}, which is not there any more.</p>}
      <ul className={styles["branches"]} aria-label="Branches">
        {found.branches.map(({ run: one, role, level }) => (
          <li key={one.id} style={{ paddingLeft: level * 20 }} aria-current={role === "self" ? "true" : undefined}>
            {level > 0 && <GitBranch size={13} aria-hidden />}
            <Swatch slot={one.colour} />
            {role === "self" ? (
              <strong>{one.display_name}</strong>
            ) : (
              <Link to="/$entity/$project/runs/$run" params={{ entity: one.entity, project: one.project, run: one.id }}>
                {one.display_name}
              </Link>
            )}
            {one.fork_of !== "" && one.fork_step !== null && <span>from step {formatCount(one.fork_step)}</span>}
            <State state={one.state} />
          </li>
        ))}
      </ul>
      {found.more > 0 && <p className={styles["quiet"]}>and {plural(found.more, "more fork")}</p>}
    </>
  );
}
