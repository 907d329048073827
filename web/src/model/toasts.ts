/** Short messages at the edge of the page, with at most one act: Undo, Retry. */

import { create } from "zustand";

export interface Toast {
  id: number;
  tone: "plain" | "ok" | "bad";
  text: string;
  action?: { label: string; run: () => void };
}

interface ToastState {
  toasts: Toast[];
}

export const useToasts = create<ToastState>(() => ({ toasts: [] }));

let next = 1;

/** Gone after `seconds`; errors stay longer, and any may be closed. Returns its id. */
export function toast(text: string, options: Partial<Pick<Toast, "tone" | "action">> & { seconds?: number } = {}): number {
  const { seconds = options.tone === "bad" ? 12 : options.action ? 8 : 4, ...rest } = options;
  const id = next++;
  useToasts.setState(({ toasts }) => ({ toasts: [...toasts.slice(-3), { id, tone: "plain", text, ...rest }] }));
  setTimeout(() => dismiss(id), seconds * 1000);
  return id;
}

export function dismiss(id: number): void {
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((one) => one.id !== id) }));
}
