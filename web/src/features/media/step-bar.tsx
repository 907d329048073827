/** One step for all media of the page: snaps to steps at which any was logged, and can be played. */

import { ChevronLeft, ChevronRight, Pause, Play } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { atOrBefore } from "@/base/media";
import { formatCount } from "@/base/numbers";
import { useShortcut } from "@/model/shortcuts";
import { Button, IconButton } from "@/widgets/controls";

import styles from "./step-bar.module.css";

const PLAY_MS = 700;

export interface StepBarProps {
  /** rising; those at which anything was logged */
  steps: readonly number[];
  /** null: always the latest */
  step: number | null;
  onStep: (step: number | null) => void;
}

export function StepBar({ steps, step, onStep }: StepBarProps) {
  const [playing, setPlaying] = useState(false);
  const last = steps.length - 1;
  const at = step === null ? last : Math.max(0, atOrBefore(steps, step));
  const go = (next: number) => {
    const place = Math.min(last, Math.max(0, next));
    onStep(place >= last ? null : (steps[place] ?? null));
  };
  useShortcut("[", "Step before", "Media", () => go(at - 1), steps.length > 0);
  useShortcut("]", "Next step", "Media", () => go(at + 1), steps.length > 0);
  const ended = at >= last;
  const runs = playing && !ended;
  const next = useRef(go);
  useEffect(() => {
    next.current = go;
  });
  useEffect(() => {
    if (!runs) return undefined;
    const timer = setTimeout(() => next.current(at + 1), PLAY_MS);
    return () => clearTimeout(timer);
  }, [runs, at]);
  if (steps.length === 0) return null;
  const shown = steps[at] ?? 0;
  return (
    <div className={styles["stepBar"]} role="toolbar" aria-label="Step of all media">
      <IconButton small label="Step before  [" onClick={() => go(at - 1)} disabled={at <= 0}>
        <ChevronLeft size={14} aria-hidden />
      </IconButton>
      <IconButton
        small
        label={runs ? "Pause" : "Play the steps"}
        onClick={() => {
          if (!runs && ended) go(0);
          setPlaying(!runs);
        }}
        disabled={steps.length < 2}
      >
        {runs ? <Pause size={14} aria-hidden /> : <Play size={14} aria-hidden />}
      </IconButton>
      <IconButton small label="Next step  ]" onClick={() => go(at + 1)} disabled={ended}>
        <ChevronRight size={14} aria-hidden />
      </IconButton>
      <input
        type="range"
        min={0}
        max={Math.max(0, last)}
        step={1}
        value={at}
        disabled={steps.length < 2}
        aria-label="Step of all media"
        aria-valuetext={`step ${shown}`}
        onChange={(event) => go(Number(event.target.value))}
      />
      <output>
        Step {formatCount(shown)}
        <span> of {formatCount(steps[last] ?? 0)}</span>
      </output>
      {step === null ? (
        <span className={styles["latest"]}>latest</span>
      ) : (
        <Button small onClick={() => onStep(null)}>
          Latest
        </Button>
      )}
    </div>
  );
}
