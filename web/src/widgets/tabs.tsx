/** Tabs whose choice lives in the address; the panel is drawn by the page. */

import { useRef, type ReactNode } from "react";

import styles from "./tabs.module.css";

export interface TabItem<T extends string> {
  value: T;
  label: string;
}

export function Tabs<T extends string>({
  label,
  items,
  value,
  onChoose,
  children,
}: {
  label: string;
  items: readonly TabItem<T>[];
  value: T;
  onChoose: (value: T) => void;
  children: ReactNode;
}) {
  const list = useRef<HTMLDivElement>(null);
  const move = (step: number) => {
    const at = items.findIndex((item) => item.value === value);
    const next = items[(at + step + items.length) % items.length];
    if (!next) return;
    onChoose(next.value);
    list.current?.querySelector<HTMLElement>(`[data-value="${next.value}"]`)?.focus();
  };
  return (
    <div className={styles["tabs"]}>
      <div
        ref={list}
        role="tablist"
        aria-label={label}
        className={styles["list"]}
        onKeyDown={(event) => {
          if (event.key === "ArrowRight") move(1);
          else if (event.key === "ArrowLeft") move(-1);
          else return;
          event.preventDefault();
        }}
      >
        {items.map((item) => (
          <button
            key={item.value}
            type="button"
            role="tab"
            id={`tab-${item.value}`}
            data-value={item.value}
            aria-selected={item.value === value}
            aria-controls="tab-panel"
            tabIndex={item.value === value ? 0 : -1}
            onClick={() => onChoose(item.value)}
          >
            {item.label}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="tab-panel" aria-labelledby={`tab-${value}`} tabIndex={-1} className={styles["panel"]}>
        {children}
      </div>
    </div>
  );
}
