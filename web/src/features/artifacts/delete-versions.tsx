/** Dialogs that say what would go before it goes: a selection, or what matches a query. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type SyntheticEvent } from "react";

import type { ArtifactVersion } from "@/api/artifacts";
import { beginDeletion, deletionsQuery, previewDeletion, type DeletionAsked } from "@/api/retention";
import { plural } from "@/base/numbers";
import { exactPattern } from "@/base/versions";
import { toast } from "@/model/toasts";
import { Button, Checkbox, Field, TextInput } from "@/widgets/controls";
import { describeError, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Going } from "@/widgets/going";
import { Dialog } from "@/widgets/overlays";

import styles from "./artifacts.module.css";
import type { CollectionPlace } from "./version-columns";

const STAYS = "What has an alias beside latest, is linked into a registry or another collection, deployed, or told to stay for ever always stays.";
const SELECTED_MAX = 1000;
const DAY_SECONDS = 86_400;

function useBegin(place: CollectionPlace, onBegun: () => void) {
  const { entity, project } = place;
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (asked: DeletionAsked) => beginDeletion(entity, project, asked),
    onSuccess: (begun) => {
      const { queryKey } = deletionsQuery(entity, project);
      // Known as begun even if it is over before it is asked for again: its end is told then.
      queryClient.setQueryData(queryKey, (old) => ({ next: "", ...old, deletions: [{ ...begun, state: "running" as const }, ...(old?.deletions ?? [])] }));
      void queryClient.invalidateQueries({ queryKey });
      onBegun();
    },
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
}

export function DeleteSelected({
  open,
  place,
  chosen,
  onClose,
  onBegun,
}: {
  open: boolean;
  place: CollectionPlace;
  chosen: ReadonlyMap<number, ArtifactVersion>;
  onClose: () => void;
  onBegun: () => void;
}) {
  const { entity, project, collection } = place;
  const [reason, setReason] = useState("");
  const ids = [...chosen.keys()];
  const asked: DeletionAsked = { collection: exactPattern(collection), versions: ids };
  const look = useQuery({
    queryKey: ["deletion-preview", entity, project, asked],
    queryFn: () => previewDeletion(entity, project, asked),
    enabled: open && ids.length > 0 && ids.length <= SELECTED_MAX,
    gcTime: 0,
  });
  const begin = useBegin(place, onBegun);
  const stays = look.data ? ids.length - look.data.versions : 0;
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    begin.mutate({ ...asked, reason: reason.trim() });
  };
  return (
    <Dialog open={open} onOpenChange={(next) => !next && onClose()} title={`Delete ${plural(ids.length, "version")} of ${collection}?`}>
      <form className={styles["dialog"]} onSubmit={submit}>
        {ids.length > SELECTED_MAX && <p>At most 1,000 are deleted by selection. Delete by query instead, or select fewer.</p>}
        {look.isLoading && <Skeleton height={60} />}
        {look.error && <ErrorPanel what="What would go could not be found out" error={look.error} onRetry={() => void look.refetch()} />}
        {look.data && <Going found={look.data} />}
        {stays > 0 && <p className={styles["missing"]}>{stays === 1 ? "One stays." : `${stays} stay.`} {STAYS}</p>}
        <Field label="Reason" hint="for the audit log">
          <TextInput value={reason} maxLength={1000} onChange={(event) => setReason(event.target.value)} />
        </Field>
        <p className={styles["quiet"]}>They can be restored from the trash for 30 days.</p>
        <div className={styles["dialogActions"]}>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="danger" disabled={!look.data || look.data.versions === 0 || begin.isPending}>
            Move to the trash
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface QueryForm {
  days: string;
  tag: string;
  keepLast: string;
  keepUsed: boolean;
  unaliased: boolean;
  reason: string;
}

export function DeleteByQuery({ open, place, tag, onClose }: { open: boolean; place: CollectionPlace; tag: string | undefined; onClose: () => void }) {
  return (
    <Dialog open={open} onOpenChange={(next) => !next && onClose()} title={`Delete versions of ${place.collection} that match`}>
      <QueryFields place={place} tag={tag ?? ""} onClose={onClose} />
    </Dialog>
  );
}

function QueryFields({ place, tag, onClose }: { place: CollectionPlace; tag: string; onClose: () => void }) {
  const { entity, project } = place;
  const [form, setForm] = useState<QueryForm>({ days: "", tag, keepLast: "", keepUsed: true, unaliased: false, reason: "" });
  const made = queryOf(place, form);
  const look = useMutation({
    mutationFn: (asked: DeletionAsked) => previewDeletion(entity, project, asked),
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  const begin = useBegin(place, onClose);
  const set = (changed: Partial<QueryForm>) => {
    setForm({ ...form, ...changed });
    if (!("reason" in changed)) look.reset();
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if ("problem" in made) return;
    // What goes was seen before it goes.
    if (look.data) begin.mutate({ ...look.variables, reason: form.reason.trim() });
    else look.mutate(made.asked);
  };
  return (
    <form className={styles["dialog"]} onSubmit={submit}>
      <Field label="Made more than so many days ago" hint="empty: however young">
        <TextInput inputMode="decimal" value={form.days} autoFocus onChange={(event) => set({ days: event.target.value })} />
      </Field>
      <Field label="With the tag" hint="empty: with any or none">
        <TextInput value={form.tag} onChange={(event) => set({ tag: event.target.value })} />
      </Field>
      <Field label="The newest stay" hint="how many">
        <TextInput inputMode="numeric" value={form.keepLast} onChange={(event) => set({ keepLast: event.target.value })} />
      </Field>
      <Checkbox label="What a run used stays" checked={form.keepUsed} onChange={(event) => set({ keepUsed: event.target.checked })} />
      <Checkbox label="The latest stays" checked={form.unaliased} onChange={(event) => set({ unaliased: event.target.checked })} />
      <Field label="Reason" hint="for the audit log">
        <TextInput value={form.reason} maxLength={1000} onChange={(event) => set({ reason: event.target.value })} />
      </Field>
      <p className={styles["quiet"]}>{STAYS}</p>
      {"problem" in made && <p role="alert">{made.problem}</p>}
      {look.isPending && <Skeleton height={60} />}
      {look.data && <Going found={look.data} />}
      <div className={styles["dialogActions"]}>
        <Button onClick={onClose}>Cancel</Button>
        {look.data && look.data.versions > 0 ? (
          <Button type="submit" tone="danger" disabled={begin.isPending}>
            Move {plural(look.data.versions, "version")} to the trash
          </Button>
        ) : (
          <Button type="submit" tone="primary" disabled={"problem" in made || look.isPending || look.data !== undefined}>
            See what would go
          </Button>
        )}
      </div>
    </form>
  );
}

function queryOf(place: CollectionPlace, form: QueryForm): { asked: DeletionAsked } | { problem: string } {
  const days = form.days.trim() === "" ? 0 : Number(form.days);
  const keep = form.keepLast.trim() === "" ? 0 : Number(form.keepLast);
  if (!Number.isFinite(days) || days < 0) return { problem: "Days are a number." };
  if (!Number.isInteger(keep) || keep < 0) return { problem: "How many stay is a whole number." };
  return {
    asked: {
      collection: exactPattern(place.collection),
      tag: form.tag.trim(),
      keep_last: keep,
      keep_used: form.keepUsed,
      unaliased: form.unaliased,
      ...(days > 0 && { created_before: Date.now() / 1000 - days * DAY_SECONDS }),
    },
  };
}
