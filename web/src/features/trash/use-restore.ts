/** A collection back from the trash, and word of it to all lists that show it. */

import { useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";

import { restoreCollection, type Collection } from "@/api/artifacts";

export interface Restoring {
  id: number;
  /** where its own is taken */
  newName?: string;
}

/** Lists that tell of a project's collections; `pages`: those of the collections themselves too. */
export function refreshCollections(queryClient: QueryClient, entity: string, project: string, { pages }: { pages: boolean }): void {
  for (const key of ["collections", "artifact-types", "storage", ...(pages ? ["collection", "versions"] : [])]) {
    void queryClient.invalidateQueries({ queryKey: [key, entity, project] });
  }
}

export function useRestore(entity: string, project: string, on: { success: (back: Collection) => void; error: (error: Error, asked: Restoring) => void }) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id, newName }: Restoring) => restoreCollection(entity, project, id, newName ?? ""),
    onSuccess: (back) => {
      refreshCollections(queryClient, entity, project, { pages: true });
      on.success(back);
    },
    onError: on.error,
  });
}
