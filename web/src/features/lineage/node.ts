/** What a node of a lineage is called, and where its page is. */

import type { LineageNode } from "@/api/lineage";

const WORDS: Record<LineageNode["kind"], string> = {
  sweep: "sweep",
  run: "run",
  artifact: "artifact",
  registry: "registered",
  deployment: "deployment",
  prediction: "prediction",
};

export function kindWords(node: LineageNode): string {
  return node.kind === "artifact" && node.type !== "" ? node.type : WORDS[node.kind];
}

/** The address within this site; null where a node has no page, or may not be seen. */
export function pageOf(node: LineageNode): string | null {
  if (node.locked) return null;
  const [entity, project, ...rest] = node.name.split("/");
  const last = rest.join("/");
  if (entity === undefined || project === undefined || last === "") return null;
  const at = (...parts: string[]) => `/${[entity, project, ...parts].map(encodeURIComponent).join("/")}`;
  if (node.kind === "run") return at("runs", last);
  if (node.kind === "sweep") return at("sweeps", last);
  if (node.kind !== "artifact" && node.kind !== "registry") return null;
  const colon = last.lastIndexOf(":");
  if (colon < 0) return null;
  return at("artifacts", node.type || "artifact", last.slice(0, colon), last.slice(colon + 1));
}
