/** Saved views as named tabs: mine, the team's, the default. Unsaved changes show a dot. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Ellipsis, Link2, Users } from "lucide-react";
import { useState } from "react";

import { ApiError } from "@/api/request";
import type { Right, View } from "@/api/types";
import { createView, deleteView, updateView } from "@/api/views";
import { useOwnRights, useProjectRights } from "@/model/may";
import { toast } from "@/model/toasts";
import { specToJson } from "@/model/workspace/spec";
import { Button, Checkbox, Field, IconButton, TextInput } from "@/widgets/controls";
import { copyText, describeError } from "@/widgets/feedback";
import { Confirm, Dialog, Menu, MenuItem } from "@/widgets/overlays";

import type { WorkspaceState } from "./use-view";
import styles from "./views-bar.module.css";

type Asking = "save-as" | "rename" | "delete" | "conflict" | null;

export function ViewsBar({ state }: { state: WorkspaceState }) {
  const { entity, project, view, views, unsaved, search, spec, go } = state;
  const client = useQueryClient();
  const own = useOwnRights();
  const share = useProjectRights(entity, project).write;
  const [asking, setAsking] = useState<Asking>(null);
  const reread = () => client.invalidateQueries({ queryKey: ["views", entity, project] });
  /** The address with the view's id alone: what was changed is in the view now. */
  const kept = (id: string | undefined) => ({
    ...(id !== undefined && { view: id }),
    ...(search.find !== undefined && { find: search.find }),
    ...(search.zoom !== undefined && { zoom: search.zoom }),
  });
  const fail = (error: unknown) => toast(describeError(error).message, { tone: "bad" });

  const save = useMutation({
    mutationFn: (one: View) =>
      updateView(one.id, { name: one.name, spec: specToJson(spec), shared: one.shared, version: one.version }),
    onSuccess: async (saved) => {
      await reread();
      go(kept(saved.id), { replace: true });
      toast(`Saved ${saved.name}`, { tone: "ok" });
    },
    onError: (error) => {
      if (error instanceof ApiError && error.status === 409) setAsking("conflict");
      else fail(error);
    },
  });
  const saveAs = useMutation({
    mutationFn: ({ name, shared }: { name: string; shared: boolean }) =>
      createView(entity, project, { kind: "workspace", name, shared, spec: specToJson(spec) }),
    onSuccess: async (made) => {
      setAsking(null);
      await reread();
      go(kept(made.id));
      toast(`Saved ${made.name}`, { tone: "ok" });
    },
    onError: fail,
  });
  const rename = useMutation({
    mutationFn: ({ one, name, shared }: { one: View; name: string; shared: boolean }) =>
      updateView(one.id, { name, shared, spec: one.spec, version: one.version }),
    onSuccess: () => {
      setAsking(null);
      void reread();
    },
    onError: fail,
  });
  const remove = useMutation({
    mutationFn: (one: View) => deleteView(one.id),
    onSuccess: async (_, one) => {
      go({});
      await reread();
      toast(`Deleted the view ${one.name}`, {
        action: {
          label: "Undo",
          run: () => {
            const { kind, name, shared, spec: content } = one;
            void createView(entity, project, { kind, name, shared, spec: content }).then(async (made) => {
              await reread();
              go({ view: made.id });
            }, fail);
          },
        },
      });
    },
    onError: fail,
  });
  const discard = () => {
    const before = search;
    go(kept(view?.id));
    toast("Changes discarded", { action: { label: "Undo", run: () => go(before) } });
  };

  return (
    <div className={styles["bar"]}>
      <nav aria-label="Saved views" className={styles["views"]}>
        <ViewTab state={state} id={undefined} name="Default" title="As Runstone shows any project" />
        {views.map((one) => (
          <ViewTab
            key={one.id}
            state={state}
            id={one.id}
            name={one.name}
            shared={one.shared}
            title={one.shared ? `Shared with the team by ${one.owner}` : "Yours alone"}
          />
        ))}
      </nav>
      {view?.may.write.allowed === true && (
        <Menu
          trigger={
            <IconButton small label={`More of the view ${view.name}`}>
              <Ellipsis size={14} aria-hidden />
            </IconButton>
          }
        >
          <MenuItem onSelect={() => setAsking("rename")}>Rename or share</MenuItem>
          <MenuItem tone="danger" onSelect={() => setAsking("delete")}>
            Delete
          </MenuItem>
        </Menu>
      )}
      <span className={styles["gap"]} />
      {unsaved && (
        <>
          {view && (
            <Button small tone="primary" may={view.may.write} disabled={save.isPending} onClick={() => save.mutate(view)}>
              Save
            </Button>
          )}
          <Button small tone="quiet" onClick={discard}>
            Discard
          </Button>
        </>
      )}
      <Button small tone={unsaved && !view?.may.write.allowed ? "primary" : "quiet"} may={own.write} onClick={() => setAsking("save-as")}>
        Save as…
      </Button>
      <IconButton small label="Copy the address of this picture" onClick={() => void copyText(location.href, "Address copied")}>
        <Link2 size={14} aria-hidden />
      </IconButton>

      <NameDialog
        open={asking === "save-as"}
        title="Save as a view"
        action="Save"
        name={view ? `${view.name} (copy)` : ""}
        shared={false}
        share={share}
        busy={saveAs.isPending}
        onClose={() => setAsking(null)}
        onSubmit={(name, shared) => saveAs.mutate({ name, shared })}
      />
      {view && (
        <>
          <NameDialog
            open={asking === "rename"}
            title={`Rename ${view.name}`}
            action="Save"
            name={view.name}
            shared={view.shared}
            share={share}
            busy={rename.isPending}
            onClose={() => setAsking(null)}
            onSubmit={(name, shared) => rename.mutate({ one: view, name, shared })}
          />
          <Confirm
            open={asking === "delete"}
            onOpenChange={() => setAsking(null)}
            title={`Delete the view ${view.name}?`}
            action="Delete"
            onConfirm={() => remove.mutate(view)}
          >
            {view.shared ? "The team loses it too. " : ""}No run or point is touched.
          </Confirm>
          <Dialog
            open={asking === "conflict"}
            onOpenChange={() => setAsking(null)}
            title={`${view.name} was saved by someone else meanwhile`}
            description="Nothing was overwritten. Keep yours under another name, or go to theirs."
          >
            <div style={{ display: "flex", gap: 8, justifyContent: "flex-end" }}>
              <Button
                onClick={() => {
                  setAsking(null);
                  void reread();
                  discard();
                }}
              >
                Go to theirs
              </Button>
              <Button tone="primary" may={own.write} onClick={() => setAsking("save-as")}>
                Save mine as another view
              </Button>
            </div>
          </Dialog>
        </>
      )}
    </div>
  );
}

function ViewTab({
  state,
  id,
  name,
  title,
  shared = false,
}: {
  state: WorkspaceState;
  id: string | undefined;
  name: string;
  title: string;
  shared?: boolean;
}) {
  const { entity, project, search, unsaved } = state;
  const active = (search.view ?? undefined) === id;
  return (
    <Link
      to="/$entity/$project/workspace"
      params={{ entity, project }}
      search={active ? search : id === undefined ? {} : { view: id }}
      aria-current={active ? "page" : undefined}
      activeProps={{ "aria-current": active ? "page" : undefined }}
      title={title}
    >
      {shared && <Users size={12} aria-hidden />}
      {name}
      {active && unsaved && (
        <>
          <span className={styles["dot"]} aria-hidden />
          <span className="visually-hidden">(unsaved changes)</span>
        </>
      )}
    </Link>
  );
}

function NameDialog({
  open,
  title,
  action,
  name,
  shared,
  share,
  busy,
  onClose,
  onSubmit,
}: {
  open: boolean;
  title: string;
  action: string;
  name: string;
  shared: boolean;
  /** to share with everyone in the project */
  share: Right;
  busy: boolean;
  onClose: () => void;
  onSubmit: (name: string, shared: boolean) => void;
}) {
  return (
    <Dialog open={open} onOpenChange={onClose} title={title}>
      <NameForm action={action} name={name} shared={shared} share={share} busy={busy} onSubmit={onSubmit} />
    </Dialog>
  );
}

function NameForm({
  action,
  name,
  shared,
  share,
  busy,
  onSubmit,
}: {
  action: string;
  name: string;
  shared: boolean;
  /** to share with everyone in the project */
  share: Right;
  busy: boolean;
  onSubmit: (name: string, shared: boolean) => void;
}) {
  const [text, setText] = useState(name);
  const [team, setTeam] = useState(shared);
  return (
    <form
      className={styles["form"]}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit(text.trim(), team);
      }}
    >
      <Field label="Name">
        <TextInput value={text} onChange={(event) => setText(event.target.value)} autoFocus required maxLength={200} />
      </Field>
      <Checkbox label="Share with everyone in the project" may={share} checked={team} onChange={(event) => setTeam(event.target.checked)} />
      <div style={{ display: "flex", justifyContent: "flex-end" }}>
        <Button type="submit" tone="primary" disabled={busy || text.trim() === ""}>
          {action}
        </Button>
      </div>
    </form>
  );
}
