/** What is done with several versions: compared, deleted, restored. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ArchiveRestore, GitCompare, Trash2, X } from "lucide-react";
import { useState } from "react";

import { RESTORED_AT_ONCE, restoreAllVersions, restoreVersions, type ArtifactVersion } from "@/api/artifacts";
import { formatCount, plural } from "@/base/numbers";
import { byNumber } from "@/base/versions";
import { useShortcut } from "@/model/shortcuts";
import { toast } from "@/model/toasts";
import { Button, IconButton } from "@/widgets/controls";
import { describeError } from "@/widgets/feedback";
import { Confirm } from "@/widgets/overlays";

import styles from "./artifacts.module.css";
import { DeleteByQuery, DeleteSelected } from "./delete-versions";
import type { CollectionPlace } from "./version-columns";

interface Props {
  place: CollectionPlace;
  chosen: ReadonlyMap<number, ArtifactVersion>;
  tag: string | undefined;
  trash: boolean;
  total: number;
  writes: boolean;
  onDone: () => void;
}

export function VersionActions({ place, chosen, tag, trash, total, writes, onDone }: Props) {
  return (
    <div className={styles["actions"]}>
      {chosen.size > 0 && (
        <>
          <span className={styles["quiet"]} role="status">
            {formatCount(chosen.size)} selected
          </span>
          <IconButton small label="Clear the selection" onClick={onDone}>
            <X size={14} aria-hidden />
          </IconButton>
        </>
      )}
      {trash ? (
        writes && <Restore place={place} chosen={chosen} total={total} onDone={onDone} />
      ) : (
        <>
          <Compare place={place} chosen={chosen} />
          {writes && <Delete place={place} chosen={chosen} tag={tag} onDone={onDone} />}
        </>
      )}
    </div>
  );
}

function Compare({ place, chosen }: { place: CollectionPlace; chosen: Props["chosen"] }) {
  const navigate = useNavigate();
  const [from, to] = [...chosen.values()].map((row) => row.version).sort(byNumber);
  const two = chosen.size === 2 && from !== undefined && to !== undefined;
  const compare = () => {
    if (!two) return;
    void navigate({
      to: "/$entity/$project/artifacts/$type/$collection/$version",
      params: { ...place, version: to },
      search: { tab: "compare", to: from },
    });
  };
  useShortcut("c", "Compare the two selected versions", "Versions", compare, two);
  return (
    <Button disabled={!two} title={two ? undefined : "Select two versions to compare them"} onClick={compare}>
      <GitCompare size={14} aria-hidden /> {two ? `Compare ${from} and ${to}` : "Compare two"}
    </Button>
  );
}

function Delete({ place, chosen, tag, onDone }: { place: CollectionPlace; chosen: Props["chosen"]; tag: string | undefined; onDone: () => void }) {
  const [asked, setAsked] = useState<"" | "selected" | "query">("");
  return (
    <>
      {chosen.size > 0 ? (
        <Button tone="danger" onClick={() => setAsked("selected")}>
          <Trash2 size={14} aria-hidden /> Delete
        </Button>
      ) : (
        <Button onClick={() => setAsked("query")}>
          <Trash2 size={14} aria-hidden /> Delete by query
        </Button>
      )}
      <DeleteSelected
        open={asked === "selected"}
        place={place}
        chosen={chosen}
        onClose={() => setAsked("")}
        onBegun={() => {
          setAsked("");
          onDone();
        }}
      />
      <DeleteByQuery open={asked === "query"} place={place} tag={tag} onClose={() => setAsked("")} />
    </>
  );
}

function Restore({ place, chosen, total, onDone }: { place: CollectionPlace; chosen: Props["chosen"]; total: number; onDone: () => void }) {
  const { entity, project, collection } = place;
  const [asked, setAsked] = useState(false);
  const queryClient = useQueryClient();
  const restore = useMutation({
    mutationFn: async (ids: readonly number[] | null) => {
      if (ids === null) return restoreAllVersions(entity, project, collection);
      let count = 0;
      for (let at = 0; at < ids.length; at += RESTORED_AT_ONCE) {
        count += await restoreVersions(entity, project, collection, ids.slice(at, at + RESTORED_AT_ONCE));
      }
      return count;
    },
    onSuccess: (count) => {
      toast(`${plural(count, "version")} restored`, { tone: "ok" });
      onDone();
    },
    onSettled: () => {
      void queryClient.invalidateQueries({ queryKey: ["versions", entity, project] });
      void queryClient.invalidateQueries({ queryKey: ["collection", entity, project] });
    },
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  return (
    <>
      <Button tone="primary" disabled={chosen.size === 0 || restore.isPending} onClick={() => restore.mutate([...chosen.keys()])}>
        <ArchiveRestore size={14} aria-hidden /> Restore
      </Button>
      <Button disabled={total === 0 || restore.isPending} onClick={() => setAsked(true)}>
        Restore all
      </Button>
      <Confirm
        open={asked}
        onOpenChange={setAsked}
        title={`Restore all ${plural(total, "version")} of ${collection}?`}
        action="Restore all"
        danger={false}
        onConfirm={() => restore.mutate(null)}
      >
        They come back under their numbers, with the aliases that nobody moved since.
      </Confirm>
    </>
  );
}
