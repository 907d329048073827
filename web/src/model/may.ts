/**
 * What this session may do, in one place. Each right is the server's own answer, found by the check that
 * would refuse the act; nothing here or above it knows a role. While it is still read nothing is allowed.
 */

import { useQuery } from "@tanstack/react-query";

import { entityQuery } from "@/api/accounts";
import { meQuery } from "@/api/me";
import { projectQuery } from "@/api/projects";
import type { EntityRights, OwnRights, ProjectRights, Right } from "@/api/types";

const UNKNOWN: Right = { allowed: false, reason: "" };

/** Of one's own things (`write`: keys, profile, private views) and of this server (`admin`). */
export function useOwnRights(): OwnRights {
  return useQuery(meQuery).data?.may ?? { write: UNKNOWN, admin: UNKNOWN };
}

/** On a user, team or organisation: one of one's own is known at once, another (of a server admin) is asked for. */
export function useEntityRights(entity: string): EntityRights {
  const me = useQuery(meQuery);
  const own = me.data?.entities.find((one) => one.name === entity)?.may;
  const found = useQuery({ ...entityQuery(entity), enabled: me.isSuccess && own === undefined && entity !== "" });
  const none = found.error ? { allowed: false, reason: found.error.message } : UNKNOWN;
  return own ?? found.data?.may ?? { write: none, manage: none };
}

/** On a project, or on a registry by its project. One that may not be seen refuses in the server's words. */
export function useProjectRights(entity: string, project: string): ProjectRights {
  const found = useQuery({ ...projectQuery(entity, project), enabled: entity !== "" && project !== "" });
  if (found.data) return found.data.may;
  const none = found.error ? { allowed: false, reason: found.error.message } : UNKNOWN;
  return { write: none, manage: none, move_protected: none, roll_back_protected: none };
}
