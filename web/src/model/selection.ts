/** Runs chosen for an act on several: compare, tag, delete. Kept while the project is open. */

import { create } from "zustand";

interface SelectionState {
  /** `entity/project` it belongs to */
  place: string;
  runs: ReadonlySet<string>;
  toggle: (place: string, run: string) => void;
  choose: (place: string, runs: readonly string[]) => void;
  clear: () => void;
}

export const useSelection = create<SelectionState>((set) => ({
  place: "",
  runs: new Set(),
  toggle: (place, run) =>
    set((state) => {
      const runs = new Set(state.place === place ? state.runs : []);
      if (!runs.delete(run)) runs.add(run);
      return { place, runs };
    }),
  choose: (place, runs) => set({ place, runs: new Set(runs) }),
  clear: () => set({ runs: new Set() }),
}));
