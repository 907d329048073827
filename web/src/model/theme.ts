/** Light, dark, or as the system says; kept in this browser. */

import { create } from "zustand";

import type { Theme } from "@/base/colours";

export type ThemeChoice = Theme | "system";
const KEY = "runstone.theme";

const dark = typeof matchMedia === "function" ? matchMedia("(prefers-color-scheme: dark)") : undefined;

function stored(): ThemeChoice {
  try {
    const choice = localStorage.getItem(KEY);
    return choice === "light" || choice === "dark" ? choice : "system";
  } catch {
    return "system";
  }
}

function resolve(choice: ThemeChoice): Theme {
  if (choice !== "system") return choice;
  return dark?.matches ? "dark" : "light";
}

interface ThemeState {
  choice: ThemeChoice;
  theme: Theme;
  choose: (choice: ThemeChoice) => void;
  toggle: () => void;
}

export const useTheme = create<ThemeState>((set, get) => ({
  choice: stored(),
  theme: resolve(stored()),
  choose: (choice) => {
    try {
      if (choice === "system") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, choice);
    } catch {
      // Storage is blocked: the choice holds until the page is left.
    }
    if (choice === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = choice;
    set({ choice, theme: resolve(choice) });
  },
  toggle: () => get().choose(get().theme === "dark" ? "light" : "dark"),
}));

dark?.addEventListener("change", () => {
  const { choice } = useTheme.getState();
  useTheme.setState({ theme: resolve(choice) });
});
