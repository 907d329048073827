import { queryOptions } from "@tanstack/react-query";

import { queryRuns } from "./runs";
import type { Run } from "./types";

/** A run in its tree of forks: from the first ancestor that is there down to its own children. */
export interface Branch {
  run: Run;
  /** of this run's ancestors, the run itself, or else */
  role: "ancestor" | "self" | "other";
  level: number;
}

export interface Branches {
  branches: readonly Branch[];
  /** children that are there beyond those listed */
  more: number;
  /** id of an ancestor that is not there any more, "" if all are */
  missing: string;
}

const ANCESTORS_MAX = 32;
const CHILDREN_MAX = 50;

/** Cost: one question for each ancestor, and one for the children of the run and of its parent. */
export function branchesQuery(run: Run) {
  return queryOptions({
    queryKey: ["branches", run.entity, run.project, run.id, run.fork_of],
    queryFn: ({ signal }) => readBranches(run, signal),
  });
}

async function readBranches(run: Run, signal: AbortSignal): Promise<Branches> {
  const find = async (filter: Record<string, unknown>, limit: number) =>
    queryRuns(run.entity, run.project, { filter, order: ["+created_at"], limit, select: [] }, signal);
  const ancestors: Run[] = [];
  let missing = "";
  for (let id = run.fork_of; id !== "" && ancestors.length < ANCESTORS_MAX; ) {
    const parent = (await find({ id }, 1)).runs[0];
    if (!parent) {
      missing = id;
      break;
    }
    ancestors.unshift(parent);
    id = parent.fork_of;
  }
  const children = await find({ fork_of: run.id }, CHILDREN_MAX);
  const siblings = run.fork_of === "" ? undefined : await find({ fork_of: run.fork_of }, CHILDREN_MAX);
  const branches: Branch[] = ancestors.map((one, level) => ({ run: one, role: "ancestor", level }));
  const level = ancestors.length;
  const beside = siblings?.runs.some((one) => one.id === run.id) === true ? siblings.runs : [...(siblings?.runs ?? []), run];
  for (const one of beside) {
    branches.push({ run: one, role: one.id === run.id ? "self" : "other", level });
    if (one.id !== run.id) continue;
    branches.push(...children.runs.map((child): Branch => ({ run: child, role: "other", level: level + 1 })));
  }
  return { branches, more: children.total - children.runs.length, missing };
}
