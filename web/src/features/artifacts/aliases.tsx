/** The names a version goes by in its collection: moved here, taken off, with who and when in the title. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";
import { useState, type SyntheticEvent } from "react";

import { moveAliases, versionQuery } from "@/api/artifacts";
import { projectQuery } from "@/api/projects";
import { absoluteTime } from "@/base/time";
import { useProjectRights } from "@/model/may";
import { toast } from "@/model/toasts";
import { Button, IconButton, TextInput } from "@/widgets/controls";
import { describeError } from "@/widgets/feedback";

import styles from "./artifacts.module.css";
import type { Shown } from "./version";

export function Aliases({ shown }: { shown: Shown }) {
  const { entity, project, artifact, version } = shown;
  const [draft, setDraft] = useState<string | null>(null);
  const queryClient = useQueryClient();
  const may = useProjectRights(entity, project);
  const seen = useQuery(projectQuery(entity, project));
  const mayMove = (alias: string) => (seen.data?.protected_aliases.includes(alias) === true ? may.move_protected : may.write);
  const move = useMutation({
    mutationFn: (change: { add?: string[]; remove?: string[] }) => moveAliases(entity, project, artifact, change),
    onSuccess: (changed) => {
      queryClient.setQueryData(versionQuery(entity, project, artifact).queryKey, changed);
      void queryClient.invalidateQueries({ queryKey: ["versions", entity, project] });
      setDraft(null);
    },
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (draft !== null && draft.trim() !== "" && mayMove(draft.trim()).allowed) move.mutate({ add: [draft.trim()] });
  };
  return (
    <span className={styles["chips"]}>
      {version.aliases.map((alias) => (
        <span
          key={alias.alias}
          className={styles["chip"]}
          data-kind="alias"
          title={`Set by ${alias.set_by || "the server"}, ${absoluteTime(alias.set_at)}${alias.reason === "" ? "" : `: ${alias.reason}`}`}
        >
          {alias.alias}
          {alias.alias !== "latest" && mayMove(alias.alias).allowed && (
            <button
              type="button"
              aria-label={`Take the alias ${alias.alias} off`}
              disabled={move.isPending}
              onClick={() => move.mutate({ remove: [alias.alias] })}
            >
              <X size={11} aria-hidden />
            </button>
          )}
        </span>
      ))}
      {draft === null ? (
        <IconButton small label="Add an alias" may={may.write} onClick={() => setDraft("")}>
          <Plus size={13} aria-hidden />
        </IconButton>
      ) : (
        <form className={styles["chips"]} onSubmit={submit}>
          <TextInput
            aria-label="Alias"
            placeholder="alias"
            value={draft}
            autoFocus
            style={{ width: 140 }}
            onChange={(event) => setDraft(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Escape") setDraft(null);
            }}
          />
          <Button small type="submit" tone="primary" may={mayMove(draft.trim())} disabled={move.isPending || draft.trim() === ""}>
            Set
          </Button>
        </form>
      )}
    </span>
  );
}
