/** Things in three dimensions. One WebGL context draws them all, since a browser keeps only sixteen. */

import { useQuery } from "@tanstack/react-query";
import { RotateCcw } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import type { MediaItem } from "@/base/media";
import { useTheme } from "@/model/theme";
import { IconButton } from "@/widgets/controls";
import { ErrorPanel, Skeleton } from "@/widgets/feedback";

import { Download } from "./item";
import media from "./media.module.css";
import { bytesQuery, suffixOf, textOf, type Place } from "./place";
import { hasWebGl, SceneCanvas } from "./scene-canvas";
import { readScene, type ReadScene } from "./scene-read";
import styles from "./scene.module.css";

const SCENE_BYTES_MAX = 128 * 1024 * 1024;
const TEXT_SHOWN = 20_000;

export function SceneView({ item, place, label }: { item: MediaItem; place: Place; label: string }) {
  const file = useQuery(bytesQuery(place, item.path, SCENE_BYTES_MAX));
  const suffix = suffixOf(item.path);
  const scene = useQuery({
    queryKey: ["media-scene", place.entity, place.project, place.run, item.path],
    queryFn: () => readScene(file.data ?? new ArrayBuffer(0), suffix),
    enabled: file.data !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
    structuralSharing: false,
  });
  const failed = file.error ?? scene.error;
  if (failed) {
    return (
      <div>
        <ErrorPanel what={`${label} could not be drawn`} error={failed} />
        <Download item={item} place={place} />
      </div>
    );
  }
  if (!scene.data || !file.data) return <Skeleton height="100%" />;
  if (scene.data.kind === "text") {
    return (
      <div className={styles["sceneText"]}>
        <p>
          Files of the kind “{suffix}” are not drawn. <Download item={item} place={place} />
        </p>
        <pre tabIndex={0} aria-label={`Text of ${label}`}>
          {textOf(file.data.slice(0, TEXT_SHOWN))}
        </pre>
      </div>
    );
  }
  return <Drawn scene={scene.data} label={label} />;
}

function Drawn({ scene, label }: { scene: Extract<ReadScene, { kind: "scene" }>; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawing = useRef<SceneCanvas | null>(null);
  const theme = useTheme((state) => state.theme);
  const [lost, setLost] = useState(false);
  useEffect(() => {
    const element = canvas.current;
    if (!element) return undefined;
    if (!hasWebGl()) {
      setLost(true);
      return undefined;
    }
    const made = new SceneCanvas(element, scene.root, scene.up);
    drawing.current = made;
    return () => {
      drawing.current = null;
      made.close();
    };
  }, [scene]);
  useEffect(() => {
    drawing.current?.draw();
  }, [theme]);
  if (lost) return <div className={media["missing"]}>{scene.words}. This browser has no WebGL to draw it with.</div>;
  return (
    <div className={styles["scene"]}>
      <canvas
        ref={canvas}
        tabIndex={0}
        role="img"
        aria-label={`${label}: ${scene.words}. Drag to turn, scroll with Ctrl to zoom, arrow keys to turn.`}
        onKeyDown={(event) => {
          const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
          if (!by) return;
          event.preventDefault();
          drawing.current?.turn((by[0] ?? 0) * 0.2, (by[1] ?? 0) * 0.2);
        }}
      />
      <div className={styles["sceneFoot"]}>
        <span>{scene.words}</span>
        <IconButton small label="First view" onClick={() => drawing.current?.reset()}>
          <RotateCcw size={13} aria-hidden />
        </IconButton>
      </div>
    </div>
  );
}
