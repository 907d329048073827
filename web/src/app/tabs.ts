/** Tabs of a project, in order, by the names people know them by. */

export const PROJECT_TABS = [
  { name: "Workspace", to: "/$entity/$project/workspace", keys: "g w" },
  { name: "Runs", to: "/$entity/$project/runs", keys: "g r" },
  { name: "Compare", to: "/$entity/$project/compare", keys: "g c" },
  { name: "Sweeps", to: "/$entity/$project/sweeps", keys: "g s" },
  { name: "Artifacts", to: "/$entity/$project/artifacts", keys: "g a" },
  { name: "Reports", to: "/$entity/$project/reports", keys: "g p" },
  { name: "Settings", to: "/$entity/$project/settings", keys: "g e" },
] as const;
