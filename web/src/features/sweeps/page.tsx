/** One sweep: which parameters matter, what is best, and is it going on? */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Award, Ban, Flag, Pause, Play, RotateCcw } from "lucide-react";
import { lazy, Suspense, useCallback, useState } from "react";

import { ApiError } from "@/api/request";
import { isLive, retryTrials, setSweepState, sweepQuery, trialsQuery, type Sweep } from "@/api/sweeps";
import { plural } from "@/base/numbers";
import { useProjectRights } from "@/model/may";
import { toast } from "@/model/toasts";
import { Button } from "@/widgets/controls";
import { CopyButton, describeError, Empty, ErrorBoundary, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Confirm } from "@/widgets/overlays";
import { Tabs } from "@/widgets/tabs";
import { Time } from "@/widgets/values";

import { AgentsTab } from "./agents";
import { ConfigTab } from "./config";
import { Progress } from "./progress";
import { PromoteFromSweep } from "./promote";
import { ResultsTab } from "./results";
import { SWEEP_TABS, type SweepSearch } from "./search";
import { SweepStateMark } from "./state";
import styles from "./sweeps.module.css";
import { TrialsTab } from "./trials";

const Lineage = lazy(() => import("@/features/lineage"));

export function SweepPage() {
  const { entity, project, sweep: id } = useParams({ from: "/$entity/$project/sweeps/$sweep" });
  const search = useSearch({ from: "/$entity/$project/sweeps/$sweep" });
  const navigate = useNavigate({ from: "/$entity/$project/sweeps/$sweep" });
  const sweep = useQuery(sweepQuery(entity, project, id));
  const live = sweep.data !== undefined && isLive(sweep.data.state);
  const trials = useQuery(trialsQuery(entity, project, id, live));
  const change = useCallback(
    (next: Partial<SweepSearch>) => void navigate({ search: (old: SweepSearch) => ({ ...old, ...next }), replace: true }),
    [navigate],
  );
  if (sweep.error) {
    if (sweep.error instanceof ApiError && sweep.error.status === 404) {
      return (
        <Empty title={`There is no sweep '${id}' in ${entity} / ${project}`}>
          <p>It may have been deleted, or you may not be allowed to see it.</p>
          <Link to="/$entity/$project/sweeps" params={{ entity, project }}>
            See the project’s sweeps
          </Link>
        </Empty>
      );
    }
    return <ErrorPanel what="The sweep could not be read" error={sweep.error} onRetry={() => void sweep.refetch()} />;
  }
  if (!sweep.data) {
    return (
      <div className={styles["tab"]}>
        <Skeleton width="30%" height={28} />
        <Skeleton height={320} />
      </div>
    );
  }
  const tab = search.tab ?? "results";
  return (
    <div className={styles["page"]}>
      <title>{`${sweep.data.name} · ${project} · Runstone`}</title>
      <Head sweep={sweep.data} />
      <Tabs
        label="Sweep"
        items={SWEEP_TABS}
        value={tab}
        onChoose={(value) => void navigate({ search: value === "results" ? {} : { tab: value } })}
      >
        <ErrorBoundary what="This tab failed" resetKey={tab}>
          {trials.error && <ErrorPanel what="The trials could not be read" error={trials.error} onRetry={() => void trials.refetch()} />}
          {tab === "results" &&
            (trials.data ? (
              <ResultsTab sweep={sweep.data} trials={trials.data.trials} more={trials.data.next !== null} live={live} search={search} onChange={change} />
            ) : (
              <Skeleton height={320} />
            ))}
          {tab === "trials" &&
            (trials.data ? <TrialsTab sweep={sweep.data} trials={trials.data.trials} search={search} onChange={change} /> : <Skeleton height={320} />)}
          {tab === "agents" && <AgentsTab sweep={sweep.data} live={live} />}
          {tab === "config" && <ConfigTab sweep={sweep.data} />}
          {tab === "lineage" && (
            <Suspense fallback={<Skeleton height={320} />}>
              <Lineage
                start={{ kind: "sweep", entity, project, name: id }}
                list={search.list}
                onList={(list) => change({ list })}
                depth={search.depth}
                onDepth={(depth) => change({ depth })}
              />
            </Suspense>
          )}
        </ErrorBoundary>
      </Tabs>
    </div>
  );
}

type Act = "paused" | "running" | "finished" | "cancelled";

const ACTS: Record<Act, { title: (name: string) => string; action: string; words: string; danger: boolean }> = {
  paused: { title: (name) => `Pause ${name}?`, action: "Pause", words: "Trials that run go on; no more are handed out until it is resumed.", danger: false },
  running: { title: (name) => `Resume ${name}?`, action: "Resume", words: "Agents that still ask get trials again.", danger: false },
  finished: { title: (name) => `Stop ${name}?`, action: "Stop the sweep", words: "No more trials are handed out, for good. Those that run are brought to their end.", danger: true },
  cancelled: { title: (name) => `Cancel ${name}?`, action: "Cancel the sweep", words: "No more trials are handed out, and those that run are stopped now.", danger: true },
};

function Head({ sweep }: { sweep: Sweep }) {
  const { entity, project } = sweep;
  const may = useProjectRights(entity, project).write;
  const [asked, setAsked] = useState<Act | null>(null);
  const [promoting, setPromoting] = useState(false);
  const queryClient = useQueryClient();
  const renew = () => {
    void queryClient.invalidateQueries({ queryKey: ["sweep", entity, project, sweep.id] });
    void queryClient.invalidateQueries({ queryKey: ["trials", entity, project, sweep.id] });
  };
  const set = useMutation({
    mutationFn: (state: Act) => setSweepState(entity, project, sweep.id, state),
    onSuccess: (changed) => {
      queryClient.setQueryData(sweepQuery(entity, project, sweep.id).queryKey, changed);
      renew();
    },
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  const retry = useMutation({
    mutationFn: () => retryTrials(entity, project, sweep.id),
    onSuccess: ({ count }) => {
      toast(count === 0 ? "No trial had failed" : `${plural(count, "trial")} will be tried again`, { tone: "ok" });
      renew();
    },
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  const open = isLive(sweep.state);
  const failed = (sweep.trials["failed"] ?? 0) + (sweep.trials["crashed"] ?? 0) + (sweep.trials["oom"] ?? 0);
  return (
    <div className={styles["head"]}>
      <nav aria-label="Where this is" className={styles["quiet"]}>
        <Link to="/$entity/$project/sweeps" params={{ entity, project }}>
          Sweeps
        </Link>
      </nav>
      <div className={styles["bar"]}>
        <h1 title={sweep.name}>{sweep.name}</h1>
        <SweepStateMark state={sweep.state} />
        <span className={styles["gap"]} />
        {(sweep.trials["finished"] ?? 0) > 0 && sweep.objectives.length > 0 && (
          <Button small may={may} onClick={() => setPromoting(true)}>
            <Award size={14} aria-hidden /> Promote…
          </Button>
        )}
        {failed > 0 && (
          <Button small may={may} disabled={retry.isPending} onClick={() => retry.mutate()}>
            <RotateCcw size={14} aria-hidden /> Try {failed === 1 ? "the failed one" : `${failed} failed`} again
          </Button>
        )}
        {sweep.state === "paused" ? (
          <Button small may={may} onClick={() => setAsked("running")}>
            <Play size={14} aria-hidden /> Resume
          </Button>
        ) : (
          open && (
            <Button small may={may} onClick={() => setAsked("paused")}>
              <Pause size={14} aria-hidden /> Pause
            </Button>
          )
        )}
        {open && (
          <>
            <Button small may={may} onClick={() => setAsked("finished")}>
              <Flag size={14} aria-hidden /> Stop
            </Button>
            <Button small may={may} onClick={() => setAsked("cancelled")}>
              <Ban size={14} aria-hidden /> Cancel
            </Button>
          </>
        )}
      </div>
      <div className={styles["meta"]}>
        <span>
          <code>{sweep.id}</code> <CopyButton text={`${entity}/${project}/${sweep.id}`} label="Copy the sweep's full id" />
        </span>
        <span>
          {sweep.method}
          {sweep.sampler !== sweep.method && `, by ${sweep.sampler}`}
        </span>
        <span>{sweep.objectives.map((one) => `${one.goal} ${one.name}`).join(", ")}</span>
        {sweep.constraints.length > 0 && <span>while {sweep.constraints.join(" and ")}</span>}
        {sweep.repeats > 1 && <span>each {sweep.repeats} times</span>}
        <span>
          made <Time at={sweep.created_at} /> by {sweep.username || "a former member"}
        </span>
      </div>
      <Progress sweep={sweep} legend />
      {promoting && <PromoteFromSweep sweep={sweep} onClose={() => setPromoting(false)} />}
      {asked !== null && (
        <Confirm
          open
          onOpenChange={(isOpen) => {
            if (!isOpen) setAsked(null);
          }}
          title={ACTS[asked].title(sweep.name)}
          action={ACTS[asked].action}
          danger={ACTS[asked].danger}
          onConfirm={() => set.mutate(asked)}
        >
          {ACTS[asked].words}
        </Confirm>
      )}
    </div>
  );
}
