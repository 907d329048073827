/** States of sweeps and trials: an icon and the word, never colour alone. */

import { Ban, Check, Clock, Loader, MemoryStick, Pause, Scissors, Square, Unplug, X, type LucideIcon } from "lucide-react";

import type { SweepState, TrialState } from "@/api/sweeps";

interface Look {
  icon: LucideIcon;
  colour: string;
  words?: string;
}

const SWEEPS: Record<SweepState, Look> = {
  pending: { icon: Clock, colour: "var(--info)" },
  running: { icon: Loader, colour: "var(--ok)" },
  paused: { icon: Pause, colour: "var(--warn)" },
  finished: { icon: Check, colour: "var(--fg2)" },
  cancelled: { icon: Ban, colour: "var(--bad)" },
};

const TRIALS: Record<TrialState, Look> = {
  queued: { icon: Clock, colour: "var(--info)" },
  running: { icon: Loader, colour: "var(--ok)" },
  finished: { icon: Check, colour: "var(--fg2)" },
  failed: { icon: X, colour: "var(--bad)" },
  pruned: { icon: Scissors, colour: "var(--warn)" },
  stopped: { icon: Square, colour: "var(--warn)" },
  crashed: { icon: Unplug, colour: "var(--bad)" },
  oom: { icon: MemoryStick, colour: "var(--bad)", words: "out of memory" },
};

export function SweepStateMark({ state }: { state: SweepState }) {
  return <Mark look={SWEEPS[state]} state={state} />;
}

export function TrialStateMark({ state }: { state: TrialState }) {
  return <Mark look={TRIALS[state]} state={state} />;
}

export function trialColour(state: TrialState): string {
  return TRIALS[state].colour;
}

export function trialWords(state: TrialState): string {
  return TRIALS[state].words ?? state;
}

function Mark({ look, state }: { look: Look; state: string }) {
  const Icon = look.icon;
  return (
    <span style={{ display: "inline-flex", alignItems: "center", gap: 4, color: look.colour }}>
      <Icon size={13} aria-hidden />
      {look.words ?? state}
    </span>
  );
}
