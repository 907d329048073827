/** Tabs of a project, in order, by the names people know them by. */

export const PROJECT_TABS = [
  { name: "Workspace", to: "/$entity/$project/workspace", keys: "g w" },
] as const;
