/** Keys and the palette's actions: pages say what they can do while they are shown. */

import { useEffect, useRef } from "react";
import { create } from "zustand";

export interface Shortcut {
  /** `g w`, `?`, `/`, `space`, `mod+k`; "" for an action that only the palette has */
  keys: string;
  label: string;
  group: string;
  run: () => void;
}

interface ShortcutState {
  entries: ReadonlyMap<string, Shortcut>;
}

export const useShortcuts = create<ShortcutState>(() => ({ entries: new Map() }));

/** Register while the component is mounted. The last one registered for a key wins. */
export function useShortcut(keys: string, label: string, group: string, run: () => void, enabled = true): void {
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(() => {
    if (!enabled) return undefined;
    const id = `${group}\n${label}\n${keys}`;
    const entry: Shortcut = { keys, label, group, run: () => latest.current() };
    useShortcuts.setState(({ entries }) => ({ entries: new Map(entries).set(id, entry) }));
    return () =>
      useShortcuts.setState(({ entries }) => {
        if (entries.get(id) !== entry) return { entries };
        const next = new Map(entries);
        next.delete(id);
        return { entries: next };
      });
  }, [keys, label, group, enabled]);
}

const SEQUENCE_MS = 1200;

/** Listen for keys on the document; returns how to stop. None act while someone is typing. */
export function listenForKeys(): () => void {
  let before = "";
  let beforeAt = 0;
  const hear = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return;
    const name = nameOf(event);
    if (name === "") return;
    const modified = name.startsWith("mod+");
    if (!modified && (typing(event.target) || inDialog(event.target))) return;
    const entries = [...useShortcuts.getState().entries.values()].reverse();
    const sequence = Date.now() - beforeAt < SEQUENCE_MS ? `${before} ${name}` : name;
    const hit =
      entries.find((entry) => entry.keys === sequence) ?? entries.find((entry) => entry.keys === name);
    if (hit && !((name === "space" || name === "Enter") && activates(event.target))) {
      event.preventDefault();
      before = "";
      hit.run();
      return;
    }
    before = name;
    beforeAt = Date.now();
  };
  document.addEventListener("keydown", hear);
  return () => document.removeEventListener("keydown", hear);
}

function nameOf(event: KeyboardEvent): string {
  if (event.altKey) return "";
  const key = event.key === " " ? "space" : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) return `mod+${key}`;
  return key;
}

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.matches("input:not([type=checkbox]):not([type=radio]), textarea, select") || target.isContentEditable;
}

function inDialog(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("[role=dialog], [role=menu], [role=listbox]") !== null;
}

/** Space or Enter on a button presses it, and must go on doing so. */
function activates(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches("button, a, summary, [role=button], input");
}
