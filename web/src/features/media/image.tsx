/** An image with what was marked on it: masks as a layer of colour, boxes as lines with their labels. */

import { useQuery } from "@tanstack/react-query";
import { Fragment, useEffect, useMemo, useRef, useState } from "react";

import { boxesOf, type Boxes, type MediaItem, type Overlay } from "@/base/media";
import { parseLooseJson } from "@/base/json";
import { formatNumber } from "@/base/numbers";
import { useTheme } from "@/model/theme";

import styles from "./media.module.css";
import { classColour, classKey, useClasses } from "./overlays";
import { bytesQuery, textOf, urlOf, type Place } from "./place";

const NO_KEYS: readonly string[] = [];
const MASK_ALPHA = 140;
const PIXELS_SHOWN_BELOW = 96;

export type LabelsOf = (overlay: string) => Readonly<Record<string, string>>;
const NO_LABELS: LabelsOf = () => ({});

export function ImageView({
  item,
  place,
  panel,
  label,
  labels = NO_LABELS,
}: {
  item: MediaItem;
  place: Place;
  /** whose choice of classes is followed */
  panel: string;
  label: string;
  labels?: LabelsOf;
}) {
  const [size, setSize] = useState({ width: item.width, height: item.height });
  const [failed, setFailed] = useState(false);
  const name = item.caption || label;
  if (failed) return <div className={styles["missing"]}>This image is not there, or is of a kind that browsers do not show.</div>;
  const ratio = size.width > 0 && size.height > 0 ? `${size.width} / ${size.height}` : undefined;
  return (
    <div className={styles["picture"]} style={{ aspectRatio: ratio }}>
      <img
        src={urlOf(place, item.path)}
        alt={name}
        loading="lazy"
        decoding="async"
        draggable={false}
        data-pixels={size.width > 0 && size.width < PIXELS_SHOWN_BELOW}
        onLoad={(event) => {
          const { naturalWidth: width, naturalHeight: height } = event.currentTarget;
          if (width > 0 && (width !== size.width || height !== size.height)) setSize({ width, height });
        }}
        onError={() => setFailed(true)}
      />
      {item.overlays.map((overlay) =>
        overlay.kind === "mask" ? (
          <Mask key={overlay.name} overlay={overlay} place={place} panel={panel} labels={labels} />
        ) : (
          <BoxLayer key={overlay.name} overlay={overlay} place={place} panel={panel} labels={labels} size={size} />
        ),
      )}
    </div>
  );
}

interface LayerProps {
  overlay: Overlay;
  place: Place;
  panel: string;
  labels: LabelsOf;
}

/** The mask is a picture whose grey value is the class; each class gets its colour, 0 too if it has a name. */
function Mask({ overlay, place, panel, labels }: LayerProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [pixels, setPixels] = useState<ImageData | null>(null);
  const theme = useTheme((state) => state.theme);
  const hidden = useClasses((state) => state.hidden[panel] ?? NO_KEYS);
  const names = useMemo(() => ({ ...labels(overlay.name), ...overlay.labels }), [labels, overlay]);
  const url = urlOf(place, overlay.path);
  useEffect(() => {
    let gone = false;
    const image = new Image();
    image.onload = () => {
      const scratch = document.createElement("canvas");
      scratch.width = image.naturalWidth;
      scratch.height = image.naturalHeight;
      const context = scratch.getContext("2d", { willReadFrequently: true });
      if (gone || !context || scratch.width === 0) return;
      context.drawImage(image, 0, 0);
      setPixels(context.getImageData(0, 0, scratch.width, scratch.height));
    };
    image.src = url;
    return () => {
      gone = true;
    };
  }, [url]);
  useEffect(() => {
    if (!pixels) return;
    const found = new Set<number>();
    for (let at = 0; at < pixels.data.length; at += 4) found.add(pixels.data[at] ?? 0);
    const classes = [...found].filter((id) => id !== 0 || names["0"] !== undefined);
    useClasses.getState().note(
      panel,
      classes.map((id) => ({ overlay: overlay.name, id: String(id), label: names[String(id)] ?? String(id) })),
    );
  }, [pixels, names, panel, overlay.name]);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || !pixels || !canvas.current) return;
    canvas.current.width = pixels.width;
    canvas.current.height = pixels.height;
    const out = context.createImageData(pixels.width, pixels.height);
    const colours = new Map<number, readonly [number, number, number] | null>();
    for (let at = 0; at < pixels.data.length; at += 4) {
      const id = pixels.data[at] ?? 0;
      let colour = colours.get(id);
      if (colour === undefined) {
        const shown = (id !== 0 || names["0"] !== undefined) && !hidden.includes(classKey(overlay.name, String(id)));
        colour = shown ? rgb(classColour(String(id), theme)) : null;
        colours.set(id, colour);
      }
      if (!colour) continue;
      out.data.set(colour, at);
      out.data[at + 3] = MASK_ALPHA;
    }
    context.putImageData(out, 0, 0);
  }, [pixels, hidden, names, theme, overlay.name]);
  return <canvas ref={canvas} className={styles["layer"]} aria-hidden />;
}

function rgb(hex: string): readonly [number, number, number] {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as unknown as readonly [number, number, number];
}

function BoxLayer({ overlay, place, panel, labels, size }: LayerProps & { size: { width: number; height: number } }) {
  const file = useQuery(bytesQuery(place, overlay.path));
  const theme = useTheme((state) => state.theme);
  const hidden = useClasses((state) => state.hidden[panel] ?? NO_KEYS);
  const found = useMemo<Boxes>(() => {
    if (!file.data) return { boxes: [], labels: {} };
    try {
      return boxesOf(parseLooseJson(textOf(file.data)), size.width, size.height);
    } catch {
      return { boxes: [], labels: {} };
    }
  }, [file.data, size.width, size.height]);
  const names = useMemo(() => ({ ...labels(overlay.name), ...overlay.labels, ...found.labels }), [labels, overlay, found]);
  useEffect(() => {
    const ids = [...new Set(found.boxes.map((box) => box.classId))];
    useClasses.getState().note(
      panel,
      ids.map((id) => ({ overlay: overlay.name, id, label: names[id] ?? id })),
    );
  }, [found, names, panel, overlay.name]);
  return (
    <div className={styles["boxes"]} role="group" aria-label={`Boxes of ${overlay.name}`}>
      {found.boxes
        .filter((box) => !hidden.includes(classKey(overlay.name, box.classId)))
        .map((box, at) => {
          const words = [
            box.caption || names[box.classId] || box.classId,
            ...box.scores.map(([name, score]) => `${name} ${formatNumber(score)}`),
          ].join(" · ");
          return (
            <div
              key={at}
              className={styles["box"]}
              title={words}
              style={{
                left: `${box.left * 100}%`,
                top: `${box.top * 100}%`,
                width: `${(box.right - box.left) * 100}%`,
                height: `${(box.bottom - box.top) * 100}%`,
                borderColor: classColour(box.classId, theme),
              }}
            >
              <span>{words}</span>
            </div>
          );
        })}
    </div>
  );
}

/** Which classes are drawn, in the colours they are drawn in. */
export function ClassToggles({ panel }: { panel: string }) {
  const known = useClasses((state) => state.known[panel]);
  const hidden = useClasses((state) => state.hidden[panel] ?? NO_KEYS);
  const toggle = useClasses((state) => state.toggle);
  const theme = useTheme((state) => state.theme);
  if (!known || known.length === 0) return null;
  const several = new Set(known.map((one) => one.overlay)).size > 1;
  return (
    <div className={styles["classes"]} role="group" aria-label="Classes">
      {known.map((one, at) => {
        const shown = !hidden.includes(classKey(one.overlay, one.id));
        const first = known[at - 1]?.overlay !== one.overlay;
        return (
          <Fragment key={classKey(one.overlay, one.id)}>
          {several && first && <span className={styles["overlay"]}>{one.overlay}</span>}
          <button
            type="button"
            aria-pressed={shown}
            aria-label={`${one.overlay}: ${one.label}`}
            title={`${one.overlay}: ${one.label} (class ${one.id})`}
            onClick={() => toggle(panel, one.overlay, one.id)}
          >
            <span aria-hidden style={{ background: shown ? classColour(one.id, theme) : "transparent", borderColor: classColour(one.id, theme) }} />
            {one.label}
          </button>
          </Fragment>
        );
      })}
    </div>
  );
}
