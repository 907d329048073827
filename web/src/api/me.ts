import { queryOptions } from "@tanstack/react-query";

import { ask } from "./request";
import type { Me } from "./types";

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => ask<Me>("GET", "/me", { signal }),
  staleTime: 60_000,
  retry: false,
});

export function signIn(key: string): Promise<Me> {
  return ask("POST", "/session", { body: { key } });
}

export function signOut(): Promise<void> {
  return ask("DELETE", "/session");
}
