/** Every metric of the project as a panel, in sections; keys come from the server as one scrolls. */

import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo } from "react";

import { keysQuery } from "@/api/keys";
import { runQuery } from "@/api/runs";
import { Limiter } from "@/base/limiter";
import { formatCount, plural } from "@/base/numbers";
import { sectionsOf } from "@/base/sections";
import { MediaPanel, type MediaOfRuns, type MediaRun } from "@/features/media";
import { FullPanel, LinePanel, PanelSections, type Section } from "@/features/panels";
import { PARETO, PARETO_PANEL, ParetoPanel } from "@/features/pareto";
import { automaticX, isHidden, type MetricDefinition } from "@/model/definitions";
import type { RunFilter } from "@/api/types";
import type { Drawn } from "@/model/drawn";
import { onProject } from "@/model/live";
import { useShortcut } from "@/model/shortcuts";
import { moved, ordered, type PanelSettings } from "@/model/workspace/spec";
import { Button } from "@/widgets/controls";
import { Empty, ErrorPanel, Skeleton } from "@/widgets/feedback";

import styles from "./page.module.css";
import type { WorkspaceState } from "./use-view";

const DRAWABLE = new Set(["number", "integer", "bool"]);
const NO_SETTINGS: PanelSettings = {};
const NO_DEFINITIONS: readonly MetricDefinition[] = [];
const NEW_KEYS_MS = 10_000;
const FIRST_KEYS_MS = 1_000;
export const PINNED = "\npinned";

const MEDIA = "\nmedia ";
const MEDIA_PANEL = { height: 340, widthMin: 360 };

export interface ChartsProps {
  state: WorkspaceState;
  drawn: Drawn;
  media: MediaOfRuns;
  mediaRuns: readonly MediaRun[];
  /** finds the runs that are shown, beside the search */
  shown: RunFilter;
  onPickRun: (run: string) => void;
}

export function Charts({ state, drawn, media, mediaRuns, shown, onPickRun }: ChartsProps) {
  const { entity, project, spec, search, change, go } = state;
  const find = search.find ?? "";
  const query = useInfiniteQuery({ ...keysQuery(entity, project, find), placeholderData: keepPreviousData });
  const pages = query.data?.pages;
  const all = useMemo(() => pages?.flatMap((page) => page.keys) ?? [], [pages]);
  const definitions = useDefinitions(entity, project, drawn);
  const keys = useMemo(
    () => all.filter((key) => DRAWABLE.has(key.kind) && !isHidden(definitions, key.name)).map((key) => key.name),
    [all, definitions],
  );
  useNewKeys(entity, project, keys.length === 0);

  const mediaKeys = useMemo(() => new Map(media.keys.map((key) => [key.name, key])), [media.keys]);
  const sections = useMemo<Section[]>(() => {
    const pinned = spec.pinnedPanels.filter((key) => find === "" || key.toLowerCase().includes(find.toLowerCase()));
    const rest = sectionsOf(keys.filter((key) => !spec.pinnedPanels.includes(key)));
    const seen = sectionsOf([...mediaKeys.keys()]).map((one) => ({
      ...one,
      ...MEDIA_PANEL,
      name: MEDIA + one.name,
      label: one.name === "" ? "Media" : `${one.name}, media`,
      keys: one.keys.map((key) => MEDIA + key),
    }));
    const lines = pinned.length > 0 ? [{ name: PINNED, label: "Pinned", keys: pinned }, ...rest] : rest;
    const fronts = spec.pareto.map((one) => PARETO + one.id);
    const own = fronts.length > 0 && find === "" ? [{ name: PARETO, label: "Pareto", keys: fronts, ...PARETO_PANEL }] : [];
    return [...own, ...lines, ...seen].map((section) => ({ ...section, keys: ordered(section.keys, spec.order[section.name]) }));
  }, [keys, spec.pinnedPanels, spec.order, spec.pareto, find, mediaKeys]);

  const { hasNextPage, isFetching, fetchNextPage } = query;
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  const setFull = useCallback(
    (key: string | undefined) => {
      const next = { ...search };
      if (key === undefined) delete next.panel;
      else next.panel = key;
      go(next);
    },
    [search, go],
  );
  useShortcut("f", "The panel under the pointer over the full page", "Charts", () => {
    const under = document.querySelector("[data-panel]:hover, [data-panel]:focus-within");
    if (search.panel !== undefined) setFull(undefined);
    else if (under instanceof HTMLElement) setFull(under.dataset["panel"]);
  });

  const onSettings = (key: string, settings: PanelSettings) => {
    const panels = { ...spec.panels, [key]: settings };
    if (Object.keys(settings).length === 0) Reflect.deleteProperty(panels, key);
    change({ panels });
  };
  const mediaPanel = (name: string, full = false) => {
    const key = mediaKeys.get(name);
    if (!key) return null;
    return (
      <MediaPanel
        key={full ? `full ${name}` : name}
        entity={entity}
        project={project}
        mediaKey={key}
        runs={mediaRuns}
        step={search.step ?? null}
        mode={spec.panels[name]?.media}
        onMode={(mode) => {
          const settings = { ...spec.panels[name], ...(mode && { media: mode }) };
          if (!mode) delete settings.media;
          onSettings(name, settings);
        }}
        full={full}
        onFull={() => setFull(full ? undefined : name)}
      />
    );
  };
  const paretoPanel = (key: string, full = false) => {
    const own = spec.pareto.find((one) => PARETO + one.id === key);
    if (!own) return null;
    return (
      <ParetoPanel
        key={full ? `full ${key}` : key}
        entity={entity}
        project={project}
        spec={own}
        filter={shown}
        search={spec.q}
        drawn={drawn}
        colours={spec.colours}
        pins={spec.pins}
        full={full}
        onChange={(next) => change({ pareto: spec.pareto.map((one) => (one.id === own.id ? next : one)) })}
        onRemove={() => change({ pareto: spec.pareto.filter((one) => one.id !== own.id) })}
        onFull={() => setFull(full ? undefined : key)}
        onPickRun={onPickRun}
      />
    );
  };
  const panel = (key: string, full = false) => (
    <LinePanel
      key={full ? `full ${key}` : key}
      entity={entity}
      project={project}
      space="history"
      metric={key}
      drawn={drawn}
      look={spec}
      settings={spec.panels[key] ?? NO_SETTINGS}
      autoX={automaticX(definitions, key)}
      pinned={spec.pinnedPanels.includes(key)}
      full={full}
      onZoom={(zoom) => change({ zoom })}
      onX={(x) => change({ x, zoom: null })}
      onSettings={(settings) => onSettings(key, settings)}
      onPin={() =>
        change({
          pinnedPanels: spec.pinnedPanels.includes(key)
            ? spec.pinnedPanels.filter((one) => one !== key)
            : [...spec.pinnedPanels, key],
        })
      }
      onFull={() => setFull(full ? undefined : key)}
      onPickRun={onPickRun}
    />
  );

  if (query.error && !pages) {
    return <ErrorPanel what="The metrics of the project could not be read" error={query.error} onRetry={() => void query.refetch()} />;
  }
  // Said to be empty only once both are known.
  if (!pages || (sections.length === 0 && media.pending)) {
    return (
      <div className={styles["skeletons"]}>
        {Array.from({ length: 6 }, (_, at) => (
          <Skeleton key={at} height={264} />
        ))}
      </div>
    );
  }
  if (sections.length === 0) {
    return find === "" ? (
      <Empty title="No run has logged a metric yet">
        <p>Charts appear here by themselves with the first number that is logged.</p>
      </Empty>
    ) : (
      <Empty title={`No metric and no media match “${find}”`}>
        <Button small onClick={() => go({ ...search, find: undefined })}>
          Clear
        </Button>
      </Empty>
    );
  }
  const undrawn = all.filter((key) => !mediaKeys.has(key.name)).length - keys.length;
  return (
    <>
      <PanelSections
        sections={sections}
        closed={spec.closed}
        onClosed={(closed) => change({ closed })}
        onMove={(section, key, to) => {
          const order = moved(section.keys, key, to);
          if (section.name === PARETO) {
            const ids = ordered(section.keys, order);
            change({ pareto: [...spec.pareto].sort((a, b) => ids.indexOf(PARETO + a.id) - ids.indexOf(PARETO + b.id)) });
          } else if (section.name === PINNED) change({ pinnedPanels: ordered(spec.pinnedPanels, order) });
          else change({ order: { ...spec.order, [section.name]: order } });
        }}
        panel={(key) => (key.startsWith(PARETO) ? paretoPanel(key) : key.startsWith(MEDIA) ? mediaPanel(key.slice(MEDIA.length)) : panel(key))}
        onEnd={() => {
          onEnd();
          media.more?.();
        }}
        foot={
          <p className={styles["foot"]}>
            {hasNextPage
              ? `${formatCount(keys.length)} metrics so far, reading on…`
              : `${plural(keys.length, "metric")}${undrawn > 0 ? `; ${plural(undrawn, "key")} without numbers, or hidden by the run, not drawn as lines` : ""}`}
            {media.runsRead > 0 && media.runsRead < mediaRuns.length && ` Media are looked for in the first ${media.runsRead} of ${mediaRuns.length} runs shown.`}
          </p>
        }
      />
      {search.panel !== undefined && (
        <FullPanel title={search.panel.trim()} onClose={() => setFull(undefined)}>
          {search.panel.startsWith(PARETO)
            ? paretoPanel(search.panel, true)
            : mediaKeys.has(search.panel)
              ? mediaPanel(search.panel, true)
              : panel(search.panel, true)}
        </FullPanel>
      )}
    </>
  );
}

/** As the first run that is drawn defined its metrics: runs of a project are of one program, mostly. */
function useDefinitions(entity: string, project: string, drawn: Drawn): readonly MetricDefinition[] {
  const run = drawn.runs[0]?.id ?? drawn.groups[0]?.runs[0] ?? "";
  const query = useQuery({ ...runQuery(entity, project, run), enabled: run !== "", placeholderData: keepPreviousData });
  return query.data?.metrics ?? NO_DEFINITIONS;
}

/** A metric logged for the first time: soon when there is none yet, else now and then. */
function useNewKeys(entity: string, project: string, none: boolean): void {
  const client = useQueryClient();
  useEffect(() => {
    const limiter = new Limiter(
      () => void client.invalidateQueries({ queryKey: ["keys", entity, project] }),
      none ? FIRST_KEYS_MS : NEW_KEYS_MS,
    );
    const stop = onProject(entity, project, (events) => {
      if (!events || events.some((event) => event.kind === "rows")) limiter.trigger();
    });
    return () => {
      stop();
      limiter.close();
    };
  }, [client, entity, project, none]);
}
