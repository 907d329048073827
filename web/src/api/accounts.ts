import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { ask, path } from "./request";
import type { EntitySeen, Me, Role } from "./types";

export interface ApiKey {
  id: number;
  name: string;
  hint: string;
  created_at: number;
  last_used_at: number | null;
  expires_at: number | null;
  read_only: boolean;
}

export interface MadeKey extends ApiKey {
  /** shown once */
  key: string;
}

export const myKeysQuery = queryOptions({
  queryKey: ["my-keys"],
  queryFn: ({ signal }) => ask<{ keys: ApiKey[] }>("GET", "/me/keys", { signal }),
});

/** readOnly: it may see what its owner may, and change nothing */
export function createKey(name: string, expiresAt: number | null, readOnly = false): Promise<MadeKey> {
  return ask("POST", "/me/keys", { body: { name, expires_at: expiresAt, read_only: readOnly } });
}

export function deleteKey(id: number): Promise<void> {
  return ask("DELETE", `/me/keys/${id}`);
}

export function updateMe(change: Partial<Pick<Me, "display_name" | "email" | "default_entity">>): Promise<Me> {
  return ask("PATCH", "/me", { body: change });
}

export interface User {
  username: string;
  email: string;
  display_name: string;
  is_admin: boolean;
  is_service: boolean;
  created_at: number;
  deleted: boolean;
}

export function usersQuery(search: string) {
  return infiniteQueryOptions({
    queryKey: ["users", search],
    queryFn: ({ signal, pageParam }) =>
      ask<{ users: User[]; next: string }>("GET", "/admin/users", {
        query: { search, after: pageParam, limit: 100 },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
  });
}

export function createUser(user: { username: string; email: string; admin: boolean; service: boolean }): Promise<
  User & { api_key?: string | null }
> {
  return ask("POST", "/admin/users", { body: user });
}

export function deleteUser(username: string): Promise<void> {
  return ask("DELETE", `/admin/users${path(username)}`);
}

export function createUserKey(username: string): Promise<MadeKey> {
  return ask("POST", `/admin/users${path(username)}/keys`, { body: { name: "made by an admin" } });
}

export function createOrganization(name: string, owner: string): Promise<unknown> {
  return ask("POST", "/admin/organizations", { body: { name, owner } });
}

export function createTeam(name: string, organization: string, owner: string): Promise<unknown> {
  return ask("POST", "/admin/teams", { body: { name, organization, owner } });
}

export interface Member {
  username: string;
  role: Role;
}

export function entityQuery(entity: string) {
  return queryOptions({
    queryKey: ["entity", entity],
    queryFn: ({ signal }) => ask<EntitySeen>("GET", `/entities${path(entity)}`, { signal }),
  });
}

export function membersQuery(entity: string) {
  return queryOptions({
    queryKey: ["members", entity],
    queryFn: ({ signal }) => ask<{ members: Member[] }>("GET", `/entities${path(entity)}/members`, { signal }),
  });
}

export function setMember(entity: string, username: string, role: Role): Promise<unknown> {
  return ask("PUT", `/entities${path(entity)}/members${path(username)}`, { body: { role } });
}

export function removeMember(entity: string, username: string): Promise<void> {
  return ask("DELETE", `/entities${path(entity)}/members${path(username)}`);
}

export interface Health {
  version: string;
  uptime_seconds: number;
  database: string;
  storage: { records_bytes: number | null; history_bytes: number | null; blobs_bytes: number | null };
  runs: number;
  live_runs: number;
}

export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: ({ signal }) => ask<Health>("GET", "/admin/health", { signal }),
  refetchInterval: 10_000,
});
