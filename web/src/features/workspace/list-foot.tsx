/** Beneath the list: how many of the runs are drawn, what is selected, and ways to more. */

import { formatCount, plural } from "@/base/numbers";
import { useSelection } from "@/model/selection";
import { DRAWN_MAX } from "@/model/workspace/spec";
import { Button } from "@/widgets/controls";

import styles from "./run-list.module.css";
import { MEMBERS_MAX, type useGroups, type useRuns } from "./use-runs";
import type { WorkspaceState } from "./use-view";

export function ListFoot({
  state,
  runs,
  groups,
  selected,
  onCompare,
}: {
  state: WorkspaceState;
  runs: ReturnType<typeof useRuns>;
  groups: ReturnType<typeof useGroups>;
  selected: ReadonlySet<string>;
  onCompare: () => void;
}) {
  const { spec, change } = state;
  if (selected.size > 0) {
    return (
      <div className={styles["foot"]}>
        <span>{plural(selected.size, "run")} selected</span>
        <Button small onClick={onCompare} disabled={selected.size < 2}>
          Compare
        </Button>
        <Button small onClick={() => change({ only: [...selected] })}>
          Show only these
        </Button>
        <Button small tone="quiet" onClick={() => useSelection.getState().clear()}>
          Clear
        </Button>
      </div>
    );
  }
  if (spec.group.length > 0) {
    const drawnRuns = groups.drawn.reduce((sum, group) => sum + group.runs.length, 0);
    const allRuns = groups.rows
      .filter((row) => groups.drawn.some((group) => group.name === row.name))
      .reduce((sum, row) => sum + row.group.count, 0);
    return (
      <div className={styles["foot"]}>
        <span role="status">
          {plural(groups.drawn.length, "group")} of {formatCount(groups.rows.length)}
          {groups.cut ? " or more" : ""} drawn, over{" "}
          {drawnRuns < allRuns
            ? `${formatCount(drawnRuns)} of ${plural(allRuns, "run")}: at most ${formatCount(MEMBERS_MAX)} of a group`
            : plural(drawnRuns, "run")}
        </span>
        {groups.drawn.length < groups.rows.length && spec.drawn < DRAWN_MAX && groups.rows.length > spec.drawn && (
          <Button small onClick={() => change({ drawn: Math.min(DRAWN_MAX, spec.drawn * 2) })}>
            Draw more
          </Button>
        )}
      </div>
    );
  }
  const drawn = runs.drawnRuns.length;
  const more = spec.only === null && drawn >= spec.drawn && drawn < runs.total - spec.hidden.length;
  const next = Math.min(DRAWN_MAX, spec.drawn < 50 ? 50 : spec.drawn < 100 ? 100 : DRAWN_MAX);
  return (
    <div className={styles["foot"]}>
      <span role="status">
        {formatCount(drawn)} of {plural(runs.total, "run")} drawn
      </span>
      {more && next > spec.drawn && (
        <Button small onClick={() => change({ drawn: next })}>
          Draw {next}
        </Button>
      )}
      {more && next <= spec.drawn && <span>{DRAWN_MAX} is the most a chart draws; filter or group</span>}
      {(spec.hidden.length > 0 || spec.only !== null) && (
        <Button small tone="quiet" onClick={() => change({ hidden: [], only: null })}>
          Show all
        </Button>
      )}
      {runs.news.waiting > 0 && (
        <Button small onClick={runs.news.show}>
          {plural(runs.news.waiting, "change")}: refresh
        </Button>
      )}
    </div>
  );
}
