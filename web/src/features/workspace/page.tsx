/** The workspace: runs at the left, their metrics at the right, and the address says what is shown. */

import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState, type CSSProperties } from "react";

import { projectQuery } from "@/api/projects";
import { ApiError } from "@/api/request";
import { StepBar, useMedia, type MediaRun } from "@/features/media";
import type { Drawn } from "@/model/drawn";
import { DRAWN_MAX } from "@/model/workspace/spec";
import { CodeBlock, Empty, ErrorPanel, Skeleton } from "@/widgets/feedback";

import { ChartBar } from "./chart-bar";
import { Charts } from "./charts";
import styles from "./page.module.css";
import { RunList, useEscape } from "./run-list";
import { drawnOf, shownFilter, useGroups, useRuns } from "./use-runs";
import { useWorkspace, type WorkspaceState } from "./use-view";
import { ViewsBar } from "./views-bar";

export function WorkspacePage() {
  const state = useWorkspace();
  const { entity, project } = state;
  const info = useQuery(projectQuery(entity, project));
  return (
    <div className={styles["page"]}>
      <title>{`${project} · Runstone`}</title>
      <h1 className="visually-hidden">
        Workspace of {entity} / {project}
      </h1>
      {info.error instanceof ApiError && (info.error.status === 404 || info.error.status === 403) ? (
        <NoProject state={state} error={info.error} />
      ) : (
        <>
          <div>
            <ViewsBar state={state} />
            {state.missingView && (
              <p className={styles["note"]} role="status">
                The saved view of this address is not there, or is not shared with you. What the address itself says is
                shown.
              </p>
            )}
          </div>
          {state.ready ? <Body key={`${entity}/${project}`} state={state} /> : <Skeleton height="100%" />}
        </>
      )}
    </div>
  );
}

function Body({ state }: { state: WorkspaceState }) {
  const { entity, project, spec, change } = state;
  const grouped = spec.group.length > 0;
  const runs = useRuns(entity, project, spec, true);
  const groups = useGroups(entity, project, spec, true);
  const drawn = useMemo(
    () => drawnOf(runs.drawnRuns, groups.drawn, spec),
    // The charts depend on who is drawn and pinned, not on every field of the view.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [drawnKey(runs.drawnRuns), groups.drawn, spec.group, spec.pins, spec.colours],
  );
  const mediaRuns = useMemo(() => mediaRunsOf(drawn), [drawn]);
  const mediaIds = useMemo(() => mediaRuns.map((run) => run.id), [mediaRuns]);
  const shown = useMemo(() => shownFilter(spec, groups.rows), [spec, groups.rows]);
  const media = useMedia(entity, project, mediaIds, state.search.find ?? "");
  useEscape(state);
  const pick = useCallback(
    (run: string) => {
      if (grouped) return;
      change({ pins: spec.pins.includes(run) ? spec.pins.filter((one) => one !== run) : [...spec.pins, run] });
    },
    [grouped, change, spec.pins],
  );
  const empty =
    runs.query.isSuccess && !runs.query.isPlaceholderData && runs.total === 0 && spec.q === "" && Object.keys(spec.filter).length === 0;
  const [width, setWidth] = useSideWidth();
  if (empty) return <FirstRun state={state} />;
  return (
    <div className={styles["split"]} style={{ "--side": `${width}px` } as CSSProperties}>
      <div className={styles["side"]}>
        <RunList state={state} runs={runs} groups={groups} />
      </div>
      <Handle width={width} onWidth={setWidth} />
      <div className={styles["charts"]}>
        <div>
          <ChartBar state={state} />
          <StepBar
            steps={media.steps}
            step={state.search.step ?? null}
            onStep={(step) => state.go({ ...state.search, step: step ?? undefined }, { replace: true })}
          />
        </div>
        <div className={styles["panels"]}>
          <Charts state={state} drawn={drawn} media={media} mediaRuns={mediaRuns} shown={shown} onPickRun={pick} />
        </div>
      </div>
    </div>
  );
}

function drawnKey(runs: readonly { id: string; display_name: string; colour: number }[]): string {
  return runs.map((run) => `${run.id}\n${run.display_name}\n${run.colour}`).join("\n\n");
}

/** Of groups their members: media cannot be averaged. */
function mediaRunsOf(drawn: Drawn): MediaRun[] {
  const ofGroups = drawn.groups.flatMap((group) =>
    group.runs.map((id) => ({ id, label: `${group.label}: ${id}`, slot: group.slot })),
  );
  return [...drawn.runs, ...ofGroups].slice(0, DRAWN_MAX);
}

function NoProject({ state, error }: { state: WorkspaceState; error: ApiError }) {
  if (error.status === 403) {
    return (
      <Empty title={`You may not read ${state.entity} / ${state.project}`}>
        <p>Ask an admin of {state.entity} to make you a member.</p>
      </Empty>
    );
  }
  return <ErrorPanel what={`There is no project ${state.entity} / ${state.project}`} error={error} />;
}

/** Nothing yet: what to run, with this server's address. It fills in by itself. */
function FirstRun({ state }: { state: WorkspaceState }) {
  const server = new URL(".", document.baseURI).href.replace(/\/$/, "");
  const code = `import runstone

run = runstone.init(entity=${JSON.stringify(state.entity)}, project=${JSON.stringify(state.project)})
for step in range(100):
    run.log({"loss": 1 / (step + 1)})
run.finish()
`;
  return (
    <div className={styles["empty"]}>
      <Empty title="No runs in this project yet">
        <p>Log one from Python. It shows here as soon as its first number is logged.</p>
        <CodeBlock label="Sign in, once per machine" code={`pip install runstone\nrunstone login ${server}`} />
        <CodeBlock label="Log a run" code={code} />
      </Empty>
    </div>
  );
}

// --- the width of the side -------------------------------------------------------------------------

const [WIDTH_MIN, WIDTH_MAX, WIDTH_START] = [320, 560, 400];
const WIDTH_KEY = "runstone.workspace.side";

function useSideWidth(): [number, (width: number) => void] {
  const [width, setWidth] = useState(() => {
    try {
      return clampWidth(Number(localStorage.getItem(WIDTH_KEY)) || WIDTH_START);
    } catch {
      return WIDTH_START;
    }
  });
  const keep = useCallback((next: number) => {
    const clamped = clampWidth(next);
    setWidth(clamped);
    try {
      localStorage.setItem(WIDTH_KEY, String(clamped));
    } catch {
      // Storage is blocked: the width holds until the page is left.
    }
  }, []);
  return [width, keep];
}

function clampWidth(width: number): number {
  return Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, Math.round(width)));
}

function Handle({ width, onWidth }: { width: number; onWidth: (width: number) => void }) {
  const start = useRef<{ x: number; width: number } | null>(null);
  return (
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the list of runs"
      aria-valuenow={width}
      aria-valuemin={WIDTH_MIN}
      aria-valuemax={WIDTH_MAX}
      tabIndex={0}
      className={styles["handle"]}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, width };
      }}
      onPointerMove={(event) => {
        if (start.current) onWidth(start.current.width + event.clientX - start.current.x);
      }}
      onPointerUp={() => (start.current = null)}
      onKeyDown={(event) => {
        const by = event.key === "ArrowLeft" ? -20 : event.key === "ArrowRight" ? 20 : 0;
        if (by === 0) return;
        event.preventDefault();
        onWidth(width + by);
      }}
    />
  );
}
