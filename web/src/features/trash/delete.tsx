/** A whole artifact to the trash, after a question; its word has an Undo. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { useState } from "react";

import { deleteCollection, restoreCollection, type Collection } from "@/api/artifacts";
import type { Right } from "@/api/types";
import { plural } from "@/base/numbers";
import { toast } from "@/model/toasts";
import { Button, IconButton } from "@/widgets/controls";
import { describeError } from "@/widgets/feedback";
import { Confirm } from "@/widgets/overlays";

import { refreshCollections } from "./use-restore";

export function DeleteCollection({
  collection,
  may,
  icon = false,
  onDeleting,
  onDeleted,
}: {
  collection: Collection;
  may: Right;
  /** as it stands in a row, whose keys lead past it */
  icon?: boolean;
  /** true: what tells of it is not to be read again; false: it stays after all */
  onDeleting?: (going: boolean) => void;
  onDeleted?: () => void;
}) {
  const { entity, project, name } = collection;
  const [asked, setAsked] = useState(false);
  const queryClient = useQueryClient();
  const failed = (error: unknown) => toast(describeError(error).message, { tone: "bad" });
  const remove = useMutation({
    mutationFn: () => deleteCollection(entity, project, name),
    onMutate: () => onDeleting?.(true),
    onSuccess: () => {
      const undo = () =>
        void restoreCollection(entity, project, collection.id).then((back) => {
          refreshCollections(queryClient, entity, project, { pages: true });
          toast(`${back.name} is back`, { tone: "ok" });
        }, failed);
      toast(`${name} is in the trash`, { action: { label: "Undo", run: undo } });
      onDeleted?.();
      refreshCollections(queryClient, entity, project, { pages: false });
    },
    onError: (error) => {
      onDeleting?.(false);
      failed(error);
    },
  });
  const linked = collection.kind === "portfolio";
  return (
    <>
      {icon ? (
        <IconButton small label={`Delete ${name}`} may={may} tabIndex={-1} disabled={remove.isPending} onClick={() => setAsked(true)}>
          <Trash2 size={14} aria-hidden />
        </IconButton>
      ) : (
        <Button may={may} disabled={remove.isPending} onClick={() => setAsked(true)}>
          <Trash2 size={14} aria-hidden /> Delete {linked ? "collection" : "artifact"}
        </Button>
      )}
      <Confirm open={asked} onOpenChange={setAsked} title={`Delete ${name}?`} action="Move to the trash" onConfirm={() => remove.mutate()}>
        {linked
          ? `It goes to the trash with ${plural(collection.version_count, "link")} and their aliases; the versions stay where they were made. `
          : `It goes to the trash with ${plural(collection.version_count, "version")} and their aliases; whoever loads one by name finds none. `}
        It can be restored whole for 30 days. Its name is free at once.
      </Confirm>
    </>
  );
}
