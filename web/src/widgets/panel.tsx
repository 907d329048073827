/** A panel: its frame, the head with its name and tools, and words in place of what it would show. */

import { Maximize2, Minimize2 } from "lucide-react";
import type { ReactNode } from "react";

import { IconButton } from "./controls";
import { ErrorBoundary } from "./feedback";
import styles from "./panel.module.css";

interface PanelProps {
  title: string;
  /** what an arrangement knows it by */
  id?: string;
  /** when this changes, a panel that failed is tried again */
  resetKey?: string;
  className?: string;
  /** head, body and foot */
  children: ReactNode;
}

export function Panel({ title, id = title, resetKey = title, className = "", children }: PanelProps) {
  return (
    <section className={`${styles["panel"]} ${className}`} aria-label={title} data-panel={id}>
      <ErrorBoundary what={`The panel ${title} failed`} resetKey={resetKey}>
        {children}
      </ErrorBoundary>
    </section>
  );
}

interface PanelHeadProps {
  title: string;
  hint?: string;
  /** between the name and the tools, always seen */
  beside?: ReactNode;
  /** tools are seen without a pointer over the panel too */
  always?: boolean;
  /** the tools */
  children: ReactNode;
}

export function PanelHead({ title, hint = title, beside, always = false, children }: PanelHeadProps) {
  return (
    <header className={styles["head"]}>
      <h3 title={hint}>{title}</h3>
      {beside}
      <div className={styles["tools"]} data-always={always}>
        {children}
      </div>
    </header>
  );
}

export function FullScreenButton({ title, full, onClick }: { title: string; full: boolean; onClick: () => void }) {
  return (
    <IconButton small label={full ? "Leave full screen" : `Full screen ${title}`} onClick={onClick}>
      {full ? <Minimize2 size={14} aria-hidden /> : <Maximize2 size={14} aria-hidden />}
    </IconButton>
  );
}

/** In the middle of a body that has nothing to draw. */
export function PanelWords({ children }: { children: ReactNode }) {
  return <div className={styles["words"]}>{children}</div>;
}
