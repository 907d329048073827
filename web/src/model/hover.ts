/** Which run the pointer is on: said anywhere, shown everywhere. Charts listen outside React. */

import { create } from "zustand";

interface HoverState {
  /** run id, or a group's name */
  run: string | null;
  set: (run: string | null) => void;
}

export const useHover = create<HoverState>((set, get) => ({
  run: null,
  set: (run) => {
    if (get().run !== run) set({ run });
  },
}));
