/** One run: is it healthy, and what did it do? */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { OctagonX, Pencil, Trash2 } from "lucide-react";
import { useCallback, useEffect, useState, type SyntheticEvent } from "react";

import { ApiError } from "@/api/request";
import { deleteRuns, patchRun, restoreRuns, runQuery, stopRun } from "@/api/runs";
import type { Right, Run } from "@/api/types";
import { useProjectRights } from "@/model/may";
import { toast } from "@/model/toasts";
import { Button, IconButton, TextInput } from "@/widgets/controls";
import { CopyButton, describeError, Empty, ErrorBoundary, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Confirm } from "@/widgets/overlays";
import { Tabs } from "@/widgets/tabs";
import { Duration, State, Swatch, Time } from "@/widgets/values";

import { ArtifactsTab } from "./artifacts";
import { ChartsTab } from "./charts";
import { EnvironmentTab } from "./environment";
import { FilesTab } from "./files";
import { LogsTab } from "./logs";
import { MediaTab } from "./media";
import { OverviewTab } from "./overview";
import styles from "./page.module.css";
import { RUN_TABS, type RunSearch } from "./search";
import { useRunFeed } from "./use-run-feed";

export function RunPage() {
  const { entity, project, run: id } = useParams({ from: "/$entity/$project/runs/$run" });
  const search = useSearch({ from: "/$entity/$project/runs/$run" });
  const navigate = useNavigate({ from: "/$entity/$project/runs/$run" });
  const run = useQuery(runQuery(entity, project, id));
  const [leaving, setLeaving] = useState(false);
  useRunFeed(entity, project, id, !leaving);
  const change = useCallback(
    (next: Partial<RunSearch>) =>
      void navigate({ search: (old: RunSearch) => ({ ...old, ...next }), replace: true }),
    [navigate],
  );

  if (run.error) {
    if (run.error instanceof ApiError && run.error.status === 404) {
      return (
        <Empty title={`There is no run '${id}' in ${entity} / ${project}`}>
          <p>It may have been deleted or moved, or you may not be allowed to see it.</p>
          <p>
            <Link to="/$entity/$project/workspace" params={{ entity, project }}>
              See the project’s runs
            </Link>{" "}
            or{" "}
            <Link to="/$entity/$project/runs" params={{ entity, project }} search={{ trash: true }}>
              what was deleted
            </Link>
          </p>
        </Empty>
      );
    }
    return <ErrorPanel what="The run could not be read" error={run.error} onRetry={() => void run.refetch()} />;
  }
  if (!run.data) {
    return (
      <div className={styles["loading"]}>
        <Skeleton width="30%" height={28} />
        <Skeleton height={34} />
        <Skeleton height={280} />
      </div>
    );
  }
  const tab = search.tab ?? "overview";
  return (
    <div className={styles["page"]}>
      <title>{`${run.data.display_name} · ${project} · Runstone`}</title>
      <RunHeader run={run.data} onLeaving={setLeaving} />
      <Tabs
        label="Run"
        items={RUN_TABS}
        value={tab}
        onChoose={(value) => void navigate({ search: value === "overview" ? {} : { tab: value } })}
      >
        <ErrorBoundary what="This tab failed" resetKey={tab}>
          {tab === "overview" && <OverviewTab run={run.data} />}
          {tab === "charts" && <ChartsTab run={run.data} space="history" search={search} onChange={change} />}
          {tab === "media" && <MediaTab run={run.data} search={search} onChange={change} />}
          {tab === "system" && <ChartsTab run={run.data} space="system" search={search} onChange={change} />}
          {tab === "logs" && <LogsTab run={run.data} search={search} onChange={change} />}
          {tab === "files" && <FilesTab run={run.data} folder={search.folder ?? ""} onFolder={(folder) => change({ folder })} />}
          {tab === "artifacts" && <ArtifactsTab run={run.data} />}
          {tab === "environment" && <EnvironmentTab run={run.data} />}
        </ErrorBoundary>
      </Tabs>
    </div>
  );
}

function RunHeader({ run, onLeaving }: { run: Run; onLeaving: (leaving: boolean) => void }) {
  const [asked, setAsked] = useState<"stop" | "delete" | null>(null);
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const where = { entity: run.entity, project: run.project };
  const may = useProjectRights(run.entity, run.project);
  const running = run.state === "running" || run.state === "pending" || run.state === "preempting";
  const stop = useMutation({
    mutationFn: () => stopRun(run.entity, run.project, run.id),
    onSuccess: () => {
      toast("The run was asked to stop", { tone: "ok" });
      void queryClient.invalidateQueries({ queryKey: ["run", run.entity, run.project, run.id] });
    },
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  const remove = useMutation({
    mutationFn: () => deleteRuns(run.entity, run.project, [run.id]),
    onMutate: () => onLeaving(true),
    onSuccess: () => {
      toast(`${run.display_name} is in the trash`, {
        action: {
          label: "Undo",
          run: () =>
            void restoreRuns(run.entity, run.project, [run.id]).then(() =>
              queryClient.invalidateQueries({ queryKey: ["runs", run.entity, run.project] }),
            ),
        },
      });
      void queryClient.invalidateQueries({ queryKey: ["runs", run.entity, run.project] });
      void navigate({ to: "/$entity/$project/workspace", params: where });
    },
    onError: (error) => {
      onLeaving(false);
      toast(describeError(error).message, { tone: "bad" });
    },
  });
  return (
    <div className={styles["head"]}>
      <div className={styles["title"]}>
        <Swatch slot={run.colour} />
        <RunName run={run} may={may.write} />
        <State state={run.state} />
        {run.stop_requested && running && <span className={styles["quiet"]}>asked to stop</span>}
      </div>
      <div className={styles["meta"]}>
        <code>{run.id}</code>
        <CopyButton text={run.id} label="Copy run id" />
        <span>by {run.username || "a former member"}</span>
        <Time at={run.started_at ?? run.created_at} />
        {run.duration !== null && (
          <span>
            ran <Duration seconds={run.duration} />
          </span>
        )}
        <span className={styles["gap"]} />
        {running && (
          <Button small may={may.write} onClick={() => setAsked("stop")} disabled={run.stop_requested || stop.isPending}>
            <OctagonX size={14} aria-hidden /> Stop
          </Button>
        )}
        <IconButton small label="Delete run" may={may.write} onClick={() => setAsked("delete")}>
          <Trash2 size={14} aria-hidden />
        </IconButton>
      </div>
      <Confirm
        open={asked === "stop"}
        onOpenChange={(open) => setAsked(open ? "stop" : null)}
        title={`Stop ${run.display_name}?`}
        action="Stop the run"
        onConfirm={() => stop.mutate()}
      >
        The training is asked to end itself, as by Ctrl-C. It hears of it with its next message, within seconds.
      </Confirm>
      <Confirm
        open={asked === "delete"}
        onOpenChange={(open) => setAsked(open ? "delete" : null)}
        title={`Delete ${run.display_name}?`}
        action="Move to the trash"
        onConfirm={() => remove.mutate()}
      >
        The run goes to the trash with its metrics, console and files, and can be restored for 30 days.
        {running && " It is still running: what it sends from now on is kept with it."}
      </Confirm>
    </div>
  );
}

function RunName({ run, may }: { run: Run; may: Right }) {
  const [draft, setDraft] = useState<string | null>(null);
  const queryClient = useQueryClient();
  const rename = useMutation({
    mutationFn: (name: string) => patchRun(run.entity, run.project, run.id, { display_name: name }),
    onSuccess: (changed) => {
      queryClient.setQueryData<Run>(runQuery(run.entity, run.project, run.id).queryKey, (old) =>
        old ? { ...old, display_name: changed.display_name } : old,
      );
      void queryClient.invalidateQueries({ queryKey: ["runs", run.entity, run.project] });
      setDraft(null);
    },
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  useEffect(() => setDraft(null), [run.id]);
  if (draft === null) {
    return (
      <>
        <h1 title={run.display_name}>{run.display_name}</h1>
        <IconButton small label="Rename run" may={may} onClick={() => setDraft(run.display_name)}>
          <Pencil size={13} aria-hidden />
        </IconButton>
      </>
    );
  }
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (draft.trim() !== "") rename.mutate(draft.trim());
  };
  return (
    <form className={styles["rename"]} onSubmit={submit}>
      <TextInput
        aria-label="Run name"
        value={draft}
        autoFocus
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") setDraft(null);
        }}
      />
      <Button small type="submit" tone="primary" disabled={rename.isPending || draft.trim() === ""}>
        Save
      </Button>
      <Button small onClick={() => setDraft(null)}>
        Cancel
      </Button>
    </form>
  );
}
