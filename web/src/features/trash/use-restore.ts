/** A collection back from the trash, and word of it to all lists that show it. */

import { useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";

import { restoreCollection, type Collection } from "@/api/artifacts";

export interface Restoring {
  id: number;
  /** where its own is taken */
  newName?: string;
}

export function refreshCollections(queryClient: QueryClient, entity: string, project: string): void {
  for (const key of ["collections", "collection", "artifact-types", "versions", "storage"]) {
    void queryClient.invalidateQueries({ queryKey: [key, entity, project] });
  }
}

export function useRestore(entity: string, project: string, on: { success: (back: Collection) => void; error: (error: Error, asked: Restoring) => void }) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id, newName }: Restoring) => restoreCollection(entity, project, id, newName ?? ""),
    onSuccess: (back) => {
      refreshCollections(queryClient, entity, project);
      on.success(back);
    },
    onError: on.error,
  });
}
