/** Loading, empty and failed: three states, worded apart, each with the next step. */

import { Check, Copy, RotateCw, TriangleAlert } from "lucide-react";
import { Component, useEffect, useRef, useState, type CSSProperties, type ReactNode } from "react";

import { ApiError } from "@/api/request";
import { toast } from "@/model/toasts";

import { Button, IconButton } from "./controls";
import styles from "./feedback.module.css";

/** The real shape's place, shown after 150 ms. */
export function Skeleton({ width = "100%", height = 16, style }: { width?: number | string; height?: number | string; style?: CSSProperties }) {
  return <div aria-hidden className={styles["skeleton"]} style={{ width, height, ...style }} />;
}

/** Thin bar over old data while the new loads. */
export function LoadingBar({ label = "Loading" }: { label?: string }) {
  return <div role="progressbar" aria-label={label} className={styles["bar"]} />;
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={styles["panel"]} data-kind="empty">
      <div className={styles["title"]}>{title}</div>
      {children}
    </div>
  );
}

export function describeError(error: unknown): { message: string; requestId: string } {
  if (error instanceof ApiError) return { message: error.message, requestId: error.requestId };
  return { message: error instanceof Error ? error.message : String(error), requestId: "" };
}

export function ErrorPanel({ what, error, onRetry }: { what: string; error: unknown; onRetry?: () => void }) {
  const { message, requestId } = describeError(error);
  const details = [what, message, requestId && `request ${requestId}`, location.href].filter(Boolean).join("\n");
  return (
    <div className={styles["panel"]} data-kind="error" role="alert">
      <div className={styles["title"]}>
        <TriangleAlert size={16} aria-hidden />
        {what}
      </div>
      <div>{message}</div>
      {requestId !== "" && <div className={styles["detail"]}>Request {requestId}</div>}
      <div className={styles["row"]}>
        {onRetry && (
          <Button small onClick={onRetry}>
            <RotateCw size={14} aria-hidden /> Retry
          </Button>
        )}
        <Button small onClick={() => void copyText(details, "Details copied")}>
          <Copy size={14} aria-hidden /> Copy details
        </Button>
      </div>
    </div>
  );
}

interface BoundaryProps {
  what: string;
  /** A change of it tries again. */
  resetKey?: unknown;
  children: ReactNode;
}

/** One failure is one red panel, never a white page. */
export class ErrorBoundary extends Component<BoundaryProps, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidUpdate(before: BoundaryProps) {
    if (before.resetKey !== this.props.resetKey && this.state.error !== null) this.setState({ error: null });
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return <ErrorPanel what={this.props.what} error={this.state.error} onRetry={() => this.setState({ error: null })} />;
  }
}

export async function copyText(text: string, said = "Copied"): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(said, { tone: "ok", seconds: 2 });
  } catch {
    // Plain HTTP on another host than localhost has no clipboard; the old way still works there.
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    document.body.append(area);
    area.select();
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way without a secure context
    const copied = document.execCommand("copy");
    area.remove();
    toast(copied ? said : "Could not copy: the browser does not allow it here", { tone: copied ? "ok" : "bad" });
  }
}

export function CopyButton({ text, label = "Copy", small = true }: { text: string | (() => string); label?: string; small?: boolean }) {
  const [done, setDone] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <IconButton
      small={small}
      label={label}
      onClick={(event) => {
        event.stopPropagation();
        void copyText(typeof text === "string" ? text : text());
        setDone(true);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => setDone(false), 1500);
      }}
    >
      {done ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
    </IconButton>
  );
}

export function CodeBlock({ code, label }: { code: string; label: string }) {
  return (
    <div className={styles["code"]}>
      <pre tabIndex={0} role="region" aria-label={label}>
        {code}
      </pre>
      <CopyButton text={code} label={`Copy ${label}`} />
    </div>
  );
}
