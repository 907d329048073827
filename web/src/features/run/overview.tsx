import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus, X } from "lucide-react";
import { useEffect, useState, type SyntheticEvent } from "react";

import { runAlertsQuery } from "@/api/alerts";
import { configHistoryQuery, patchRun, runQuery } from "@/api/runs";
import type { Right, Run } from "@/api/types";
import { fullValue, plural } from "@/base/numbers";
import { useProjectRights } from "@/model/may";
import { toast } from "@/model/toasts";
import { AlertList } from "@/widgets/alerts";
import { Button, refusalOf, TextArea, TextInput } from "@/widgets/controls";
import { describeError } from "@/widgets/feedback";
import { Facts, ValueTable } from "@/widgets/facts";
import { Duration, State, Time } from "@/widgets/values";

import { Branches } from "./branches";
import styles from "./page.module.css";

export function OverviewTab({ run }: { run: Run }) {
  const failure = run.environment?.["traceback"];
  const command = run.command.join(" ");
  const may = useProjectRights(run.entity, run.project).write;
  return (
    <div className={styles["columns"]}>
      <section className={styles["section"]} aria-labelledby="about">
        <h2 id="about">About</h2>
        <Facts
          facts={[
            { name: "State", value: <State state={run.state} /> },
            { name: "Exit code", value: run.exit_code === null ? null : String(run.exit_code) },
            { name: "Started", value: <Time at={run.started_at ?? run.created_at} /> },
            { name: "Finished", value: run.finished_at === null ? null : <Time at={run.finished_at} /> },
            { name: "Duration", value: run.duration === null ? null : <Duration seconds={run.duration} /> },
            { name: "Last sign of life", value: run.finished_at === null && run.heartbeat_at !== null ? <Time at={run.heartbeat_at} /> : null },
            { name: "User", value: run.username || "a former member" },
            { name: "Host", value: run.host, copy: run.host },
            { name: "Command", value: command === "" ? null : <code>{command}</code>, copy: command },
            { name: "Program", value: command === "" && run.program !== "" ? <code>{run.program}</code> : null, copy: run.program },
            { name: "Processes", value: run.ranks > 0 ? plural(run.ranks, "process", "processes") : null },
            { name: "Group", value: run.group },
            { name: "Job type", value: run.job_type },
            { name: "Sweep", value: run.sweep },
            {
              name: "Forked from",
              value:
                run.fork_of === "" ? null : (
                  <Link to="/$entity/$project/runs/$run" params={{ entity: run.entity, project: run.project, run: run.fork_of }}>
                    {run.fork_of} at step {run.fork_step}
                  </Link>
                ),
            },
            { name: "Tags", value: <Tags run={run} may={may} /> },
          ]}
        />
        {typeof failure === "string" && failure !== "" && (
          <>
            <h2>How it failed</h2>
            <pre className={styles["traceback"]} tabIndex={0} aria-label="Traceback">
              {failure}
            </pre>
          </>
        )}
        <RunAlerts run={run} />
        <Branches run={run} />
        <Notes run={run} may={may} />
      </section>
      <section className={styles["section"]} aria-labelledby="summary">
        <h2 id="summary">Summary</h2>
        <ValueTable label="Summary" value={run.summary} empty="Nothing was logged yet." />
      </section>
      <section className={styles["section"]} aria-labelledby="config">
        <h2 id="config">Config</h2>
        <ValueTable label="Config" value={run.config} empty="The run was given no config." />
        <ConfigChanges run={run} />
      </section>
    </div>
  );
}

function RunAlerts({ run }: { run: Run }) {
  const query = useQuery(runAlertsQuery(run.entity, run.project, run.id));
  const alerts = query.data?.alerts ?? [];
  if (query.error) return <p role="alert">{describeError(query.error).message}</p>;
  if (alerts.length === 0) return null;
  return (
    <>
      <h2>Alerts</h2>
      <AlertList alerts={alerts} />
    </>
  );
}

function useChange(run: Run) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (change: Parameters<typeof patchRun>[3]) => patchRun(run.entity, run.project, run.id, change),
    onSuccess: (changed) => {
      queryClient.setQueryData<Run>(runQuery(run.entity, run.project, run.id).queryKey, (old) =>
        old ? { ...old, tags: changed.tags, notes: changed.notes } : old,
      );
      void queryClient.invalidateQueries({ queryKey: ["runs", run.entity, run.project] });
    },
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
}

function Tags({ run, may }: { run: Run; may: Right }) {
  const [draft, setDraft] = useState<string | null>(null);
  const change = useChange(run);
  const add = (event: SyntheticEvent) => {
    event.preventDefault();
    const tag = draft?.trim() ?? "";
    if (tag !== "" && !run.tags.includes(tag)) change.mutate({ tags: [...run.tags, tag] });
    setDraft(null);
  };
  return (
    <span className={styles["tags"]}>
      {run.tags.map((tag) => (
        <span key={tag} className={styles["tag"]}>
          {tag}
          {may.allowed && (
            <button
              type="button"
              aria-label={`Remove tag ${tag}`}
              onClick={() => change.mutate({ tags: run.tags.filter((one) => one !== tag) })}
            >
              <X size={12} aria-hidden />
            </button>
          )}
        </span>
      ))}
      {draft === null ? (
        <Button small tone="quiet" may={may} onClick={() => setDraft("")}>
          <Plus size={12} aria-hidden /> Tag
        </Button>
      ) : (
        <form onSubmit={add}>
          <TextInput
            aria-label="New tag"
            className={styles["tagInput"] ?? ""}
            autoFocus
            value={draft}
            maxLength={128}
            onChange={(event) => setDraft(event.target.value)}
            onBlur={add}
            onKeyDown={(event) => {
              if (event.key === "Escape") setDraft(null);
            }}
          />
        </form>
      )}
    </span>
  );
}

/** Kept on leaving the field; a draft is never overwritten by what arrives meanwhile. */
function Notes({ run, may }: { run: Run; may: Right }) {
  const [draft, setDraft] = useState<string | null>(null);
  const change = useChange(run);
  useEffect(() => setDraft(null), [run.id]);
  const save = () => {
    if (draft !== null && draft !== run.notes) change.mutate({ notes: draft }, { onSuccess: () => setDraft(null) });
    else setDraft(null);
  };
  return (
    <>
      <h2>Notes</h2>
      <TextArea
        aria-label="Notes"
        className={styles["notes"] ?? ""}
        placeholder={may.allowed ? "What was tried, and what came of it" : "None."}
        readOnly={!may.allowed}
        title={refusalOf(may)}
        value={draft ?? run.notes}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={save}
      />
    </>
  );
}

function ConfigChanges({ run }: { run: Run }) {
  const [open, setOpen] = useState(false);
  const history = useQuery({ ...configHistoryQuery(run.entity, run.project, run.id), enabled: open });
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Changes of the config</summary>
      {history.error && <p role="alert">{describeError(history.error).message}</p>}
      {history.data?.patches.length === 0 && <p>It was never changed.</p>}
      <Facts
        facts={(history.data?.patches ?? []).map((patch, at) => ({
          name: `${at + 1}.`,
          value: (
            <>
              <Time at={patch.at} />
              {": "}
              <code>
                {[
                  ...patch.set.slice(0, 20).map(([path, value]) => `${path.join(".")} = ${fullValue(value)}`),
                  ...patch.unset.map((path) => `${path.join(".")} removed`),
                ].join(", ")}
                {patch.set.length > 20 && ` and ${patch.set.length - 20} more`}
              </code>
            </>
          ),
        }))}
      />
    </details>
  );
}
