/** Classes of masks and boxes: their names, their colours, and which of them a panel shows. */

import { create } from "zustand";

import { runColour, type Theme } from "@/base/colours";

export interface ClassName {
  overlay: string;
  id: string;
  label: string;
}

interface ClassState {
  /** by the panel's key: classes that its images turned out to hold */
  known: Readonly<Record<string, readonly ClassName[]>>;
  hidden: Readonly<Record<string, readonly string[]>>;
  note: (panel: string, classes: readonly ClassName[]) => void;
  toggle: (panel: string, overlay: string, id: string) => void;
}

export const classKey = (overlay: string, id: string) => `${overlay}\n${id}`;
const CLASSES_MAX = 200;

export const useClasses = create<ClassState>((set) => ({
  known: {},
  hidden: {},
  note: (panel, classes) =>
    set((state) => {
      const old = state.known[panel] ?? [];
      const have = new Map(old.map((one) => [classKey(one.overlay, one.id), one]));
      const fresh = classes.filter((one) => {
        const seen = have.get(classKey(one.overlay, one.id));
        return !seen || (seen.label === seen.id && one.label !== one.id);
      });
      if (fresh.length === 0) return state;
      for (const one of fresh) have.set(classKey(one.overlay, one.id), one);
      const next = [...have.values()].sort((a, b) => a.overlay.localeCompare(b.overlay) || Number(a.id) - Number(b.id));
      return { known: { ...state.known, [panel]: next.slice(0, CLASSES_MAX) } };
    }),
  toggle: (panel, overlay, id) =>
    set((state) => {
      const key = classKey(overlay, id);
      const old = state.hidden[panel] ?? [];
      const next = old.includes(key) ? old.filter((one) => one !== key) : [...old, key];
      return { hidden: { ...state.hidden, [panel]: next } };
    }),
}));

/** The same class has the same colour in every image. */
export function classColour(id: string, theme: Theme): string {
  const number = Number(id);
  return runColour(Number.isInteger(number) && number >= 0 ? number : 0, theme);
}
