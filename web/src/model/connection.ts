/** How things stand with the server as a whole: out of reach, or replaced by a newer one. */

import { create } from "zustand";

export const useConnection = create<{ offline: boolean; upgraded: boolean }>(() => ({
  offline: false,
  upgraded: false,
}));
