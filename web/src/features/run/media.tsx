/** Everything that the run logged beside numbers: images, sound, tables, histograms, at one step. */

import { useMemo } from "react";

import type { MediaKey } from "@/api/media";
import type { Run } from "@/api/types";
import { plural } from "@/base/numbers";
import { sectionsOf } from "@/base/sections";
import { MediaPanel, StepBar, useMedia, type MediaRun } from "@/features/media";
import { FullPanel, PanelSections, type Section } from "@/features/panels";
import type { MediaMode } from "@/model/workspace/spec";
import { Button, SearchInput } from "@/widgets/controls";
import { CodeBlock, Empty, ErrorPanel, Skeleton } from "@/widgets/feedback";

import styles from "./page.module.css";
import type { RunSearch } from "./search";

const PANEL = { height: 360, widthMin: 380 };
const EXAMPLE = `run.log({"samples": runstone.Image(array, caption="first")})
run.log({"weights": runstone.Histogram(values)})
run.log({"answers": runstone.Table(columns=["question", "answer"], data=rows)})`;

export function MediaTab({ run, search, onChange }: { run: Run; search: RunSearch; onChange: (change: Partial<RunSearch>) => void }) {
  const find = search.find ?? "";
  const ids = useMemo(() => [run.id], [run.id]);
  const runs = useMemo<MediaRun[]>(() => [{ id: run.id, label: run.display_name, slot: run.colour }], [run.id, run.display_name, run.colour]);
  const media = useMedia(run.entity, run.project, ids, find);
  const byName = useMemo(() => new Map(media.keys.map((key) => [key.name, key])), [media.keys]);
  const sections = useMemo<Section[]>(
    () => sectionsOf(media.keys.map((key) => key.name)).map((one) => ({ ...one, ...PANEL, label: one.name === "" ? "Media" : one.name })),
    [media.keys],
  );
  const onMode = (key: string, mode: MediaMode | undefined) => {
    const settings = { ...search.panels?.[key], ...(mode && { media: mode }) };
    if (!mode) delete settings.media;
    const panels = { ...search.panels, [key]: settings };
    if (Object.keys(settings).length === 0) Reflect.deleteProperty(panels, key);
    onChange({ panels });
  };
  const panel = (mediaKey: MediaKey, full = false) => (
    <MediaPanel
      key={full ? `full ${mediaKey.name}` : mediaKey.name}
      entity={run.entity}
      project={run.project}
      mediaKey={mediaKey}
      runs={runs}
      step={search.step ?? null}
      mode={search.panels?.[mediaKey.name]?.media}
      onMode={(mode) => onMode(mediaKey.name, mode)}
      full={full}
      onFull={() => onChange({ panel: full ? undefined : mediaKey.name })}
    />
  );
  const shown = search.panel === undefined ? undefined : byName.get(search.panel);
  return (
    <div className={styles["mediaTab"]}>
      <div className={styles["bar"]} role="toolbar" aria-label="Which media">
        <SearchInput
          label="Find media"
          value={find}
          onChange={(event) => onChange({ find: event.target.value === "" ? undefined : event.target.value })}
        />
      </div>
      <StepBar steps={media.steps} step={search.step ?? null} onStep={(step) => onChange({ step: step ?? undefined })} />
      {media.error ? (
        <ErrorPanel what="The media of the run could not be read" error={media.error} onRetry={media.retry} />
      ) : media.pending ? (
        <Skeleton height={PANEL.height} />
      ) : sections.length === 0 ? (
        find !== "" ? (
          <Empty title={`No media match “${find}”`}>
            <Button small onClick={() => onChange({ find: undefined })}>
              Clear
            </Button>
          </Empty>
        ) : (
          <Empty title="The run logged no media">
            <p>Images, sound, video, HTML, tables, histograms, molecules and 3D objects show here as they are logged.</p>
            <CodeBlock label="Log media" code={EXAMPLE} />
          </Empty>
        )
      ) : (
        <PanelSections
          sections={sections}
          closed={search.closed ?? []}
          onClosed={(closed) => onChange({ closed })}
          panel={(key) => {
            const found = byName.get(key);
            return found && panel(found);
          }}
          onEnd={media.more}
          foot={<p className={styles["none"]}>{plural(media.keys.length, "key")} with media</p>}
        />
      )}
      {shown && (
        <FullPanel title={shown.name} onClose={() => onChange({ panel: undefined })}>
          {panel(shown, true)}
        </FullPanel>
      )}
    </div>
  );
}
