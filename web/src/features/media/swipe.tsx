/** Two images over each other, and a line between them that is dragged from one to the other. */

import { useState } from "react";

import type { MediaItem } from "@/base/media";
import { Select } from "@/widgets/controls";

import { ImageView, type LabelsOf } from "./image";
import styles from "./media.module.css";
import type { Place } from "./place";

export interface SwipeChoice {
  id: string;
  label: string;
  item: MediaItem;
  place: Place;
  labels: LabelsOf;
}

export function Swipe({ choices, panel }: { choices: readonly SwipeChoice[]; panel: string }) {
  const [picked, setPicked] = useState<[string, string]>(["", ""]);
  const [at, setAt] = useState(50);
  const of = (id: string, otherwise: number) => choices.find((one) => one.id === id) ?? choices[otherwise];
  const [a, b] = [of(picked[0], 0), of(picked[1], Math.min(1, choices.length - 1))];
  if (!a || !b) return <div className={styles["missing"]}>Two images are needed, and there is none at this step.</div>;
  const options = choices.map((one) => ({ value: one.id, label: one.label }));
  return (
    <div className={styles["swipe"]}>
      <div className={styles["swipeBar"]}>
        <Select label="Image A, left" options={options} value={a.id} onChoose={(id) => setPicked([id, b.id])} />
        <Select label="Image B, right" options={options} value={b.id} onChoose={(id) => setPicked([a.id, id])} />
      </div>
      <div className={styles["swipeStage"]}>
        <div className={styles["swipeImage"]}>
          <ImageView item={b.item} place={b.place} panel={panel} label={b.label} labels={b.labels} />
          <div className={styles["swipeTop"]} style={{ clipPath: `inset(0 ${100 - at}% 0 0)` }}>
            <ImageView item={a.item} place={a.place} panel={panel} label={a.label} labels={a.labels} />
          </div>
          <div className={styles["swipeLine"]} style={{ left: `${at}%` }} aria-hidden />
          <input
            type="range"
            min={0}
            max={100}
            step={0.5}
            value={at}
            aria-label="How much of image A is shown"
            aria-valuetext={`${Math.round(at)} % of A`}
            onChange={(event) => setAt(Number(event.target.value))}
          />
        </div>
      </div>
    </div>
  );
}
