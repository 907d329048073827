/** What a Pareto panel of a workspace compares; kept in views and addresses, so parsed from unknown. */

import { asNumber, asOneOf, asRecord, asString, asStrings } from "@/base/parse";

export const GOALS = ["minimize", "maximize"] as const;
export type Goal = (typeof GOALS)[number];

export const OBJECTIVES_MAX = 3;
const PANELS_MAX = 12;

export interface ParetoObjective {
  /** `summary.loss`, `config.lr`, `duration` */
  key: string;
  goal: Goal;
}

export interface ParetoSpec {
  id: string;
  /** 2 or 3; fewer: not chosen yet */
  objectives: ParetoObjective[];
  /** `latency_p95 < 80` */
  constraints: string[];
  /** of the hypervolume, per objective; none: the worst of the runs */
  reference?: number[];
}

export function parseParetos(value: unknown): ParetoSpec[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const found = (value as unknown[]).map(parsePareto).filter((one) => one !== undefined);
  return found.filter((one, at) => found.findIndex((other) => other.id === one.id) === at).slice(0, PANELS_MAX);
}

function parsePareto(value: unknown): ParetoSpec | undefined {
  const raw = asRecord(value);
  const id = asString(raw?.["id"]);
  if (!raw || id === undefined || id === "") return undefined;
  const objectives = Array.isArray(raw["objectives"]) ? (raw["objectives"] as unknown[]) : [];
  const spec: ParetoSpec = {
    id,
    objectives: objectives.map(parseObjective).filter((one) => one !== undefined).slice(0, OBJECTIVES_MAX),
    constraints: asStrings(raw["constraints"]) ?? [],
  };
  const reference = Array.isArray(raw["reference"]) ? (raw["reference"] as unknown[]).map(asNumber) : [];
  if (reference.length === spec.objectives.length && reference.every((one) => one !== undefined) && reference.length > 0) spec.reference = reference;
  return spec;
}

function parseObjective(value: unknown): ParetoObjective | undefined {
  const raw = asRecord(value);
  const key = asString(raw?.["key"]);
  return key === undefined || key === "" ? undefined : { key, goal: asOneOf(raw?.["goal"], GOALS) ?? "minimize" };
}

/** A key as people write it: the summary is where one looks anyway. */
export function keyLabel(key: string): string {
  return key.replace(/^summary\./, "");
}

const FIELDS = new Set(["duration", "created_at", "started_at", "finished_at", "updated_at", "heartbeat_at", "exit_code"]);

/** The column that is meant: a bare name is the summary's. */
export function columnKey(text: string): string {
  const key = text.trim();
  return key === "" || FIELDS.has(key) || /^(summary|config)\./.test(key) ? key : `summary.${key}`;
}

const CONSTRAINT = /^\s*(.+?)\s*(<=|>=|<|>)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*$/i;

export interface Constraint {
  key: string;
  min?: number;
  max?: number;
}

/** `NAME < NUMBER` and its like; null for what is no such rule. */
export function parseConstraint(text: string): Constraint | null {
  const [, name, sign, bound] = CONSTRAINT.exec(text) ?? [];
  if (name === undefined || sign === undefined || bound === undefined) return null;
  const key = columnKey(name.replace(/^[`'"]|[`'"]$/g, ""));
  return sign.startsWith("<") ? { key, max: Number(bound) } : { key, min: Number(bound) };
}
