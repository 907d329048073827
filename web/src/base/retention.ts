/** Rules of retention: in words, and from what a form holds. */

import { formatCount } from "./numbers";
import { asNumber, asRecord, asString } from "./parse";

export interface Rule {
  all?: true;
  last?: number;
  best?: number;
  metric?: string;
  of?: "run" | "metadata";
  goal?: "max" | "min";
  ttl_seconds?: number | null;
  keep_used?: boolean;
}

export interface RuleForm {
  last: string;
  best: string;
  metric: string;
  of: "run" | "metadata";
  goal: "max" | "min";
  days: string;
  keepUsed: boolean;
}

export const EMPTY_FORM: RuleForm = { last: "", best: "", metric: "", of: "run", goal: "max", days: "", keepUsed: false };

const DAY_SECONDS = 86_400;

/** The rule, or what is missing in words. */
export function ruleOf(form: RuleForm): { rule: Rule } | { problem: string } {
  const last = whole(form.last);
  const best = whole(form.best);
  const days = form.days.trim() === "" ? 0 : Number(form.days);
  if (last === null || best === null) return { problem: "How many to keep is a whole number." };
  if (!Number.isFinite(days) || days < 0) return { problem: "Days are a number." };
  if (best > 0 && form.metric.trim() === "") return { problem: "Name the metric that the best are the best by." };
  if (last === 0 && best === 0 && days === 0) return { problem: "Say what is kept: the last, the best, or for how many days." };
  return {
    rule: {
      last,
      best,
      metric: best > 0 ? form.metric.trim() : "",
      of: form.of,
      goal: form.goal,
      ttl_seconds: days > 0 ? Math.max(1, Math.round(days * DAY_SECONDS)) : null,
      keep_used: form.keepUsed,
    },
  };
}

/** What the server keeps, as the form shows it. */
export function formOf(rule: unknown): RuleForm {
  const raw = asRecord(rule) ?? {};
  const number = (value: unknown) => {
    const found = asNumber(value);
    return found === undefined || found === 0 ? "" : String(found);
  };
  const ttl = asNumber(raw["ttl_seconds"]);
  return {
    last: number(raw["last"]),
    best: number(raw["best"]),
    metric: asString(raw["metric"]) ?? "",
    of: raw["of"] === "metadata" ? "metadata" : "run",
    goal: raw["goal"] === "min" ? "min" : "max",
    days: ttl === undefined ? "" : String(ttl / DAY_SECONDS),
    keepUsed: raw["keep_used"] === true,
  };
}

export function ruleWords(rule: unknown): string {
  const raw = asRecord(rule) ?? {};
  if (raw["all"] === true) return "all of them";
  const form = formOf(rule);
  const words: string[] = [];
  if (form.last !== "") words.push(form.last === "1" ? "the last" : `the last ${formatCount(Number(form.last))}`);
  if (form.best !== "") {
    const where = form.of === "metadata" ? " of the metadata" : "";
    words.push(`the best ${formatCount(Number(form.best))} by ${form.goal === "min" ? "the lowest" : "the highest"} ${form.metric}${where}`);
  }
  if (form.keepUsed) words.push("what a run used");
  if (form.days !== "") words.push(`${form.last + form.best === "" ? "each" : "the others"} for ${daysWords(Number(form.days))}`);
  return words.join(", ");
}

function daysWords(days: number): string {
  if (days < 1) return `${formatCount(Math.round(days * 24))} h`;
  return days === 1 ? "a day" : `${formatCount(Math.round(days * 10) / 10)} days`;
}

function whole(text: string): number | null {
  if (text.trim() === "") return 0;
  const value = Number(text);
  return Number.isInteger(value) && value >= 0 ? value : null;
}
