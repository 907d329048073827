/** Reading values of unknown shape: addresses and saved views outlive the code that wrote them. */

export function asString(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  // The router reads `?q=12` as a number.
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

export function asBoolean(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

export function asNumber(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

export function asStrings(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.map(asString).filter((one) => one !== undefined);
}

export function asPair(value: unknown): [number, number] | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [a, b] = [asNumber(value[0]), asNumber(value[1])];
  return a === undefined || b === undefined || a >= b ? undefined : [a, b];
}

export function asRecord(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return value as Record<string, unknown>;
}

export function asOneOf<T extends string>(value: unknown, words: readonly T[]): T | undefined {
  return words.find((word) => word === value);
}
