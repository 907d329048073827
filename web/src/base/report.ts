/** Reports and workspaces as wandb-workspaces saves them, read into blocks. What is not known stays, by name. */

import { filterOfForeign, orderOfForeign, type ReadFilter } from "./foreign-filter";
import { asNumber, asRecord, asString, asStrings } from "./parse";

type Raw = Record<string, unknown>;

export type Inline =
  | { kind: "text"; text: string; marks: readonly ("bold" | "italic" | "underline" | "strike" | "code")[] }
  | { kind: "link"; url: string; children: readonly Inline[] }
  | { kind: "math"; content: string };

export type Block =
  | { kind: "heading"; level: number; children: readonly Inline[]; hidden: readonly Block[] }
  | { kind: "paragraph" | "quote"; children: readonly Inline[] }
  | { kind: "callout"; lines: readonly (readonly Inline[])[] }
  | { kind: "list"; ordered: boolean; items: readonly { checked: boolean | undefined; blocks: readonly Block[] }[] }
  | { kind: "code"; language: string; text: string }
  | { kind: "markdown" | "math"; content: string }
  | { kind: "rule" | "contents" }
  | { kind: "image"; url: string; caption: readonly Inline[] }
  | { kind: "panels"; runSets: readonly RunSet[]; panels: readonly Panel[] }
  | { kind: "elsewhere"; type: string; url: string }
  | { kind: "unknown"; type: string };

export interface RunSet extends ReadFilter {
  name: string;
  entity: string;
  project: string;
  query: string;
  order: string[];
}

export interface Panel {
  id: string;
  /** as the other client calls it: `Run History Line Plot` */
  type: string;
  title: string;
  metrics: readonly string[];
  x: string;
  logY: boolean;
  content: string;
  /** of 24 columns */
  layout: { x: number; y: number; w: number; h: number };
}

export interface Report {
  title: string;
  description: string;
  /** `report`, a `draft` of one, or a `workspace` */
  type: "report" | "draft" | "workspace";
  blocks: readonly Block[];
  wide: boolean;
}

export const REPORT_TYPES: Readonly<Record<string, Report["type"]>> = {
  runs: "report",
  "runs/draft": "draft",
  "project-view": "workspace",
};

/** Of what the server keeps of a view of kind `wandb`: its fields, with the spec as text. */
export function reportOf(kept: Raw): Report {
  const text = asString(kept["spec"]) ?? "";
  let spec: Raw | undefined;
  try {
    spec = asRecord(JSON.parse(text));
  } catch {
    spec = undefined;
  }
  const blocks = spec ? (Array.isArray(spec["blocks"]) ? blocksOf(spec["blocks"]) : sectionBlocks(spec)) : [];
  return {
    title: asString(kept["display_name"]) ?? asString(kept["name"]) ?? "",
    description: asString(kept["description"]) ?? "",
    type: REPORT_TYPES[asString(kept["type"]) ?? "runs"] ?? "report",
    blocks: spec ? blocks : [{ kind: "unknown", type: "a spec that is no JSON" }],
    wide: spec?.["width"] !== "readable",
  };
}

export function blocksOf(value: unknown): Block[] {
  return (Array.isArray(value) ? value : []).map((one) => blockOf(asRecord(one) ?? {}));
}

function blockOf(raw: Raw): Block {
  const type = asString(raw["type"]) ?? "";
  const children = inlinesOf(raw["children"]);
  switch (type) {
    case "heading":
      return { kind: "heading", level: asNumber(raw["level"]) ?? 1, children, hidden: blocksOf(raw["collapsedChildren"]) };
    case "paragraph":
    case "default":
      return { kind: "paragraph", children };
    case "block-quote":
      return { kind: "quote", children };
    case "callout-block":
      return { kind: "callout", lines: records(raw["children"]).map((line) => inlinesOf(line["children"])) };
    case "list":
      return {
        kind: "list",
        ordered: raw["ordered"] === true,
        items: records(raw["children"]).map((item) => ({
          checked: typeof item["checked"] === "boolean" ? item["checked"] : undefined,
          blocks: itemBlocks(item["children"]),
        })),
      };
    case "code-block": {
      const lines = records(raw["children"]).map((line) => records(line["children"]).map((one) => asString(one["text"]) ?? "").join("\n"));
      return { kind: "code", language: asString(raw["language"]) ?? "", text: lines.join("\n") };
    }
    case "markdown-block":
      return { kind: "markdown", content: asString(raw["content"]) ?? "" };
    case "latex":
      return { kind: "math", content: asString(raw["content"]) ?? "" };
    case "horizontal-rule":
      return { kind: "rule" };
    case "table-of-contents":
      return { kind: "contents" };
    case "image":
      return { kind: "image", url: asString(raw["url"]) ?? "", caption: children };
    case "panel-grid": {
      const metadata = asRecord(raw["metadata"]) ?? {};
      const panels = records(asRecord(metadata["panelBankSectionConfig"])?.["panels"]);
      return { kind: "panels", runSets: records(metadata["runSets"]).filter((one) => one["enabled"] !== false).map(runSetOf), panels: panels.map(panelOf) };
    }
    case "video":
    case "twitter":
    case "soundcloud":
    case "spotify":
      return { kind: "elsewhere", type, url: asString(raw["url"]) ?? "" };
    default:
      return { kind: "unknown", type };
  }
}

/** Items hold paragraphs, or text alone. */
function itemBlocks(value: unknown): Block[] {
  const parts = records(value);
  if (parts.some((one) => asString(one["type"]) === "paragraph" || asString(one["type"]) === "list")) return blocksOf(value);
  return [{ kind: "paragraph", children: inlinesOf(value) }];
}

const MARKS = [
  ["bold", "bold"], ["italic", "italic"], ["underline", "underline"], ["strikethrough", "strike"], ["inlineCode", "code"],
] as const;

function inlinesOf(value: unknown): Inline[] {
  return records(value).flatMap((raw): Inline[] => {
    const type = asString(raw["type"]);
    if (type === "link") return [{ kind: "link", url: asString(raw["url"]) ?? "", children: inlinesOf(raw["children"]) }];
    if (type === "latex") return [{ kind: "math", content: asString(raw["content"]) ?? "" }];
    if (Array.isArray(raw["children"])) return inlinesOf(raw["children"]);
    const text = asString(raw["text"]) ?? "";
    return text === "" ? [] : [{ kind: "text", text, marks: MARKS.filter(([name]) => raw[name] === true).map(([, mark]) => mark) }];
  });
}

export function plainText(inlines: readonly Inline[]): string {
  return inlines
    .map((one) => (one.kind === "text" ? one.text : one.kind === "math" ? one.content : plainText(one.children)))
    .join("");
}

function records(value: unknown): Raw[] {
  return (Array.isArray(value) ? value : []).map((one) => asRecord(one) ?? {});
}

function runSetOf(raw: Raw): RunSet {
  const project = asRecord(raw["project"]);
  return {
    name: asString(raw["name"]) ?? "Run set",
    entity: asString(project?.["entityName"]) ?? "",
    project: asString(project?.["name"]) ?? "",
    query: asString(asRecord(raw["search"])?.["query"]) ?? "",
    order: orderOfForeign(raw["sort"]),
    ...filterOfForeign(raw["filters"]),
  };
}

function panelOf(raw: Raw, at: number): Panel {
  const config = asRecord(raw["config"]) ?? {};
  const layout = asRecord(raw["layout"]) ?? {};
  const place = (name: string, otherwise: number) => Math.max(0, Math.trunc(asNumber(layout[name]) ?? otherwise));
  const x = asString(config["xAxis"]) ?? "_step";
  const single = asString(config["metric"]);
  return {
    id: asString(raw["__id__"]) ?? String(at),
    type: asString(raw["viewType"]) ?? "",
    title: asString(config["chartTitle"]) ?? "",
    metrics: asStrings(config["metrics"]) ?? asStrings(config["mediaKeys"]) ?? (single === undefined ? [] : [single]),
    x: AXES[x] ?? x,
    logY: config["yLogScale"] === true,
    content: asString(config["value"]) ?? "",
    layout: { x: Math.min(23, place("x", 0)), y: place("y", 0), w: Math.min(24, Math.max(4, place("w", 8))), h: Math.min(40, Math.max(3, place("h", 6))) },
  };
}

const AXES: Readonly<Record<string, string>> = { "": "_step", _absolute_runtime: "_runtime" };

/** A workspace: its sections as headings, each with its panels. */
function sectionBlocks(spec: Raw): Block[] {
  const section = asRecord(spec["section"]) ?? spec;
  const runSets = records(section["runSets"]).map(runSetOf);
  const sections = records(asRecord(section["panelBankConfig"])?.["sections"]);
  return sections.flatMap((one): Block[] => {
    const panels = records(one["panels"]).map(panelOf);
    if (panels.length === 0) return [];
    const name = asString(one["name"]) ?? "";
    return [
      { kind: "heading", level: 2, children: [{ kind: "text", text: name, marks: [] }], hidden: [] },
      { kind: "panels", runSets, panels },
    ];
  });
}

/** A view's id from an address as clients print it: `Title--Vmlldz…` holds it, other text is it. */
export function viewIdOf(address: string): string {
  const last = address.slice(address.lastIndexOf("--") + 1).replace(/^-/, "");
  const coded = address.includes("--") ? last : address;
  try {
    const found = /^View:v1:(.+)$/.exec(atob(coded.replace(/-/g, "+").replace(/_/g, "/")));
    return found?.[1] ?? address;
  } catch {
    return address;
  }
}
