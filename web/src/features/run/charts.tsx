/** Every number that the run logged, or that its machine reported, as panels in sections. */

import { keepPreviousData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Undo2 } from "lucide-react";
import { useCallback, useEffect, useMemo } from "react";

import { infiniteRunKeysQuery } from "@/api/run-keys";
import type { Run } from "@/api/types";
import { Limiter } from "@/base/limiter";
import { plural } from "@/base/numbers";
import { sectionsOf, type Section } from "@/base/sections";
import { FullPanel, LinePanel, PanelSections, SmoothingPicker, XAxisPicker, type Look } from "@/features/panels";
import type { Drawn } from "@/model/drawn";
import { onProject } from "@/model/live";
import { DEFAULT_SPEC } from "@/model/workspace/spec";
import { Button, SearchInput } from "@/widgets/controls";
import { Empty, ErrorPanel, Skeleton } from "@/widgets/feedback";

import styles from "./page.module.css";
import type { RunSearch } from "./search";

type Space = "history" | "system";

interface ChartsProps {
  run: Run;
  space: Space;
  search: RunSearch;
  onChange: (change: Partial<RunSearch>) => void;
}

const DRAWABLE = new Set(["number", "integer", "bool"]);
/** Keys of labelled writers (`loss/l:3`) are drawn with the key they belong to. */
const WRITER_LABEL = /\/l:[^/]*$/;
const FRESH_KEYS_MS = 2000;

export function ChartsTab({ run, space, search, onChange }: ChartsProps) {
  const look: Look = {
    x: search.x ?? (space === "system" ? "_runtime" : DEFAULT_SPEC.x),
    smoothing: search.smoothing ?? DEFAULT_SPEC.smoothing,
    log: search.log ?? false,
    outliers: search.outliers ?? false,
    zoom: search.zoom ?? null,
  };
  const find = search.find ?? "";
  const query = useInfiniteQuery({
    ...infiniteRunKeysQuery(run.entity, run.project, run.id, space, find),
    placeholderData: keepPreviousData,
  });
  useNewKeys(run, space);
  const drawn = useMemo<Drawn>(
    () => ({ runs: [{ id: run.id, label: run.display_name, slot: run.colour, pinned: true }], groups: [] }),
    [run.id, run.display_name, run.colour],
  );
  const keys = useMemo(() => {
    const names = (query.data?.pages ?? [])
      .flatMap((page) => page.keys)
      .filter((key) => DRAWABLE.has(key.kind))
      .map((key) => key.name.replace(WRITER_LABEL, ""));
    return [...new Set(names)];
  }, [query.data]);
  const sections = useMemo(() => (space === "system" ? systemSections(keys) : sectionsOf(keys)), [keys, space]);
  const { hasNextPage, isFetching, fetchNextPage } = query;
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);

  const panel = (key: string, full = false) => (
    <LinePanel
      key={full ? `full ${key}` : key}
      entity={run.entity}
      project={run.project}
      space={space}
      metric={key}
      drawn={drawn}
      look={look}
      settings={search.panels?.[key] ?? {}}
      pinned={false}
      full={full}
      onZoom={(zoom) => onChange({ zoom: zoom ?? undefined })}
      onX={(x) => onChange({ x, zoom: undefined })}
      onSettings={(settings) => {
        const panels = { ...search.panels, [key]: settings };
        if (Object.keys(settings).length === 0) Reflect.deleteProperty(panels, key);
        onChange({ panels });
      }}
      onFull={() => onChange({ panel: full ? undefined : key })}
    />
  );
  return (
    <div className={styles["chartsTab"]}>
      <div className={styles["bar"]} role="toolbar" aria-label="How charts are drawn">
        <SearchInput
          label="Find panels"
          value={find}
          onChange={(event) => onChange({ find: event.target.value === "" ? undefined : event.target.value })}
        />
        <span className={styles["gap"]} />
        {look.zoom && (
          <Button onClick={() => onChange({ zoom: undefined })}>
            <Undo2 size={14} aria-hidden /> Whole range
          </Button>
        )}
        <XAxisPicker
          entity={run.entity}
          project={run.project}
          value={look.x}
          onChoose={(x) => onChange({ x, zoom: undefined })}
        />
        <SmoothingPicker value={look.smoothing} onChange={(smoothing) => onChange({ smoothing })} />
        <Button aria-pressed={look.log} onClick={() => onChange({ log: look.log ? undefined : true })}>
          Log y
        </Button>
        <Button aria-pressed={look.outliers} onClick={() => onChange({ outliers: look.outliers ? undefined : true })}>
          Ignore outliers
        </Button>
      </div>
      {query.error ? (
        <ErrorPanel what="The metrics could not be read" error={query.error} onRetry={() => void query.refetch()} />
      ) : query.isPending ? (
        <Skeleton height={264} />
      ) : sections.length === 0 ? (
        <NoMetrics space={space} find={find} onClear={() => onChange({ find: undefined })} />
      ) : (
        <PanelSections
          sections={sections}
          closed={search.closed ?? []}
          onClosed={(closed) => onChange({ closed })}
          panel={(key) => panel(key)}
          onEnd={onEnd}
          foot={<p className={styles["none"]}>{plural(keys.length, "metric")}</p>}
        />
      )}
      {search.panel !== undefined && (
        <FullPanel title={search.panel} onClose={() => onChange({ panel: undefined })}>
          {panel(search.panel, true)}
        </FullPanel>
      )}
    </div>
  );
}

function NoMetrics({ space, find, onClear }: { space: Space; find: string; onClear: () => void }) {
  if (find !== "") {
    return (
      <Empty title={`No metric matches “${find}”`}>
        <Button small onClick={onClear}>
          Clear
        </Button>
      </Empty>
    );
  }
  if (space === "system") {
    return (
      <Empty title="No readings of the machine yet">
        <p>The first comes within seconds of the start, unless they were switched off.</p>
      </Empty>
    );
  }
  return (
    <Empty title="Nothing was logged yet">
      <p>Charts appear here by themselves with the first number that is logged.</p>
    </Empty>
  );
}

const MACHINE: readonly (readonly [RegExp, string])[] = [
  [/^system\.(gpu|tpu|ipu)/, "Accelerators"],
  [/^system\.(cpu|proc\.cpu|load)/, "Processor"],
  [/^system\.(memory|proc\.memory|swap)/, "Memory"],
  [/^system\.(disk|network)/, "Disk and network"],
];

function systemSections(keys: readonly string[]): Section[] {
  const names = [...MACHINE.map(([, name]) => name), "Other"];
  const nameOf = (key: string) => MACHINE.find(([pattern]) => pattern.test(key))?.[1] ?? "Other";
  return names
    .map((name) => ({ name, keys: keys.filter((key) => nameOf(key) === name) }))
    .filter((section) => section.keys.length > 0);
}

/** Keys that are logged for the first time show up while the run goes on. */
function useNewKeys(run: Run, space: Space): void {
  const queryClient = useQueryClient();
  useEffect(() => {
    const key = ["run-keys", run.entity, run.project, run.id, space];
    const limiter = new Limiter(() => void queryClient.invalidateQueries({ queryKey: key }), FRESH_KEYS_MS);
    const kind = space === "system" ? "system" : "rows";
    const stop = onProject(run.entity, run.project, (events) => {
      if (events === null || events.some((event) => event.run === run.id && event.kind === kind)) limiter.trigger();
    });
    return () => {
      stop();
      limiter.close();
    };
  }, [queryClient, run.entity, run.project, run.id, space]);
}
