import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { Limiter } from "@/base/limiter";
import { onProject } from "@/model/live";

const KINDS = { run: "run", console: "console", files: "files", alert: "alerts" } as const;

/** What the feed says of this run is read again, at most once a second; not while it is being deleted. */
export function useRunFeed(entity: string, project: string, run: string, enabled: boolean): void {
  const queryClient = useQueryClient();
  useEffect(() => {
    if (!enabled) return undefined;
    const due = new Set<string>();
    const limiter = new Limiter(() => {
      for (const key of due) void queryClient.invalidateQueries({ queryKey: [key, entity, project, run] });
      due.clear();
    }, 1000);
    const stop = onProject(entity, project, (events) => {
      if (events === null) for (const key of Object.values(KINDS)) due.add(key);
      for (const event of events ?? []) {
        if (event.run !== run) continue;
        const key = KINDS[event.kind as keyof typeof KINDS] as string | undefined;
        if (key !== undefined) due.add(key);
      }
      if (due.size > 0) limiter.trigger();
    });
    return () => {
      stop();
      limiter.close();
    };
  }, [entity, project, run, enabled, queryClient]);
}
