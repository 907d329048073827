/** The view that the address names, with what the address changes of it; and how to change it. */

import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";

import type { View } from "@/api/types";
import { viewsQuery } from "@/api/views";
import { changedFields, parseWorkspaceSearch, specOf, withChange, type WorkspaceSearch } from "@/model/workspace/search";
import { DEFAULT_SPEC, parseSpec, type WorkspaceSpec } from "@/model/workspace/spec";

export type Change = (change: Partial<WorkspaceSpec>, options?: { replace?: boolean }) => void;

export interface WorkspaceState {
  entity: string;
  project: string;
  search: WorkspaceSearch;
  /** the saved view; null for the default one */
  view: View | null;
  views: readonly View[];
  /** the address names a view that is not there, or not for this person */
  missingView: boolean;
  base: WorkspaceSpec;
  spec: WorkspaceSpec;
  unsaved: boolean;
  /** False while the named view is still being read. */
  ready: boolean;
  change: Change;
  go: (search: WorkspaceSearch, options?: { replace?: boolean }) => void;
}

export function useWorkspace(): WorkspaceState {
  const { entity, project } = useParams({ from: "/$entity/$project/workspace" });
  const address = useSearch({ from: "/$entity/$project/workspace" });
  // The router hands on what the route's parser left out: a field of a wrong shape is no field.
  const search = useMemo(() => parseWorkspaceSearch(address as Record<string, unknown>), [address]);
  const navigate = useNavigate({ from: "/$entity/$project/workspace" });
  const views = useQuery(viewsQuery(entity, project, "workspace"));
  const view = views.data?.views.find((one) => one.id === search.view) ?? null;
  const base = useMemo(() => (view ? parseSpec(view.spec) : DEFAULT_SPEC), [view]);
  const spec = useMemo(() => specOf(base, search), [base, search]);
  const go = useCallback(
    (next: WorkspaceSearch, { replace = false } = {}) => void navigate({ search: next, replace }),
    [navigate],
  );
  const change = useCallback<Change>(
    (fields, { replace = false } = {}) =>
      // From the newest address: two changes may come before a render.
      void navigate({ search: (old: WorkspaceSearch) => withChange(base, old, fields), replace }),
    [navigate, base],
  );
  return {
    entity,
    project,
    search,
    view,
    views: views.data?.views ?? [],
    missingView: search.view !== undefined && views.isSuccess && view === null,
    base,
    spec,
    unsaved: changedFields(search).length > 0,
    ready: search.view === undefined || !views.isPending,
    change,
    go,
  };
}
