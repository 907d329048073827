/** Small values shown the same everywhere: states, times, numbers, colours. */

import { Check, Clock, Square, X, type LucideIcon, Loader, Unplug, TriangleAlert } from "lucide-react";
import { useEffect, useState } from "react";

import type { RunState } from "@/api/types";
import { runColourVar } from "@/base/colours";
import { formatNumber, formatValue, fullValue, toNumber } from "@/base/numbers";
import { absoluteTime, formatDuration, relativeTime } from "@/base/time";

import styles from "./values.module.css";

const STATES: Record<RunState, { icon: LucideIcon; colour: string }> = {
  running: { icon: Loader, colour: "var(--ok)" },
  finished: { icon: Check, colour: "var(--fg2)" },
  failed: { icon: X, colour: "var(--bad)" },
  crashed: { icon: Unplug, colour: "var(--bad)" },
  killed: { icon: Square, colour: "var(--warn)" },
  pending: { icon: Clock, colour: "var(--info)" },
  preempting: { icon: TriangleAlert, colour: "var(--warn)" },
  preempted: { icon: TriangleAlert, colour: "var(--warn)" },
};

/** Colour is never alone: an icon and the word. */
export function State({ state, iconOnly = false }: { state: RunState; iconOnly?: boolean }) {
  const { icon: Icon, colour } = STATES[state];
  return (
    <span className={styles["state"]} style={{ color: colour }} title={state}>
      <Icon size={13} aria-hidden />
      <span className={iconOnly ? "visually-hidden" : undefined}>{state}</span>
    </span>
  );
}

export function Swatch({ slot }: { slot: number }) {
  return <span aria-hidden className={styles["swatch"]} style={{ background: runColourVar(slot) }} />;
}

/** Relative, with the absolute time and its zone in the title; ticks along. */
export function Time({ at }: { at: number | null | undefined }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 30_000);
    return () => clearInterval(timer);
  }, []);
  if (at === null || at === undefined) return null;
  return (
    <time dateTime={new Date(at * 1000).toISOString()} title={absoluteTime(at)}>
      {relativeTime(at)}
    </time>
  );
}

export function Duration({ seconds }: { seconds: number | null | undefined }) {
  if (seconds === null || seconds === undefined) return null;
  return <span title={`${seconds} s`}>{formatDuration(seconds)}</span>;
}

export function Value({ value }: { value: unknown }) {
  const number = toNumber(value);
  return <span title={fullValue(value)}>{number === null ? formatValue(value) : formatNumber(number)}</span>;
}
