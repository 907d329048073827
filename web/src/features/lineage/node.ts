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

/** Where a thing lies, where that tells it from another of the same name: the registry, or the project. */
export function placeWords(node: LineageNode): string {
  if (node.locked || (node.kind !== "registry" && node.kind !== "artifact")) return kindWords(node);
  const project = node.name.split("/")[1] ?? "";
  return node.kind === "registry" ? `${kindWords(node)} in ${project.replace(/^wandb-registry-/, "")}` : `${kindWords(node)} of ${project}`;
}

/** A name, and the version that must stay in sight when the name is cut. */
export function nameParts(node: LineageNode): [name: string, version: string] {
  const label = node.label || node.name;
  const colon = label.lastIndexOf(":");
  if ((node.kind !== "artifact" && node.kind !== "registry") || colon < 1) return [label, ""];
  return [label.slice(0, colon), label.slice(colon)];
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
