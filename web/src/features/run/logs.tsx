/** The console: virtual lines, colours kept, carriage returns applied, searched on the server. */

import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { AnsiUp } from "ansi_up";
import { ArrowDownToLine, Download } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";

import { CONSOLE_PAGE, consoleDownload, consoleQuery, type ConsoleLine, type ConsolePage } from "@/api/console";
import type { Run } from "@/api/types";
import { plural } from "@/base/numbers";
import { absoluteTime } from "@/base/time";
import { Button, buttonClass, SearchInput, Select } from "@/widgets/controls";
import { ErrorPanel, LoadingBar } from "@/widgets/feedback";

import styles from "./page.module.css";
import type { RunSearch } from "./search";

const LINE_PX = 18;
const STREAMS = [
  { value: "all", label: "Output and errors" },
  { value: "errors", label: "Errors only" },
] as const;

export function LogsTab({ run, search, onChange }: { run: Run; search: RunSearch; onChange: (change: Partial<RunSearch>) => void }) {
  const [typed, setTyped] = useState(search.find ?? "");
  const [stream, setStream] = useState<"all" | "errors">("all");
  const live = run.state === "running" || run.state === "preempting";
  const [follow, setFollow] = useState(live && search.line === undefined);
  const writer = search.writer ?? "";
  const find = search.find ?? "";

  useEffect(() => {
    const timer = setTimeout(() => {
      if (typed !== find) onChange({ find: typed === "" ? undefined : typed, line: undefined });
    }, 250);
    return () => clearTimeout(timer);
  }, [typed, find, onChange]);

  const where = [run.entity, run.project, run.id] as const;
  const first = useQuery(consoleQuery(...where, { writer, start: 0 }));
  const found = useQuery({ ...consoleQuery(...where, { writer, start: 0, search: find }), enabled: find !== "" });
  if (first.error) {
    return <ErrorPanel what="The console could not be read" error={first.error} onRetry={() => void first.refetch()} />;
  }
  const total = first.data?.total ?? 0;
  const writers = first.data?.writers ?? [];
  return (
    <div className={styles["logs"]}>
      <div className={styles["bar"]}>
        <SearchInput
          label="Search the lines"
          className={styles["find"] ?? ""}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <Select label="Streams" options={STREAMS} value={stream} onChoose={setStream} />
        {writers.length > 1 && (
          <Select
            label="Process"
            options={writers.map((one, at) => ({ value: one.writer, label: one.label === "" ? `process ${at + 1}` : `process ${one.label}` }))}
            value={writer === "" ? (first.data?.writer ?? "") : writer}
            onChoose={(chosen) => onChange({ writer: chosen, line: undefined })}
          />
        )}
        <Button small aria-pressed={follow} onClick={() => setFollow(!follow)}>
          <ArrowDownToLine size={14} aria-hidden /> Follow
        </Button>
        <span className={styles["quiet"]} role="status">
          {find === "" ? plural(total, "line") : found.data ? `${plural(found.data.lines.length, "line")} found` : "Searching…"}
        </span>
        <span className={styles["gap"]} />
        <a className={buttonClass} href={consoleDownload(...where, writer)} download>
          <Download size={14} aria-hidden /> Download
        </a>
      </div>
      {first.isPending ? (
        <LoadingBar />
      ) : total === 0 ? (
        <p className={styles["none"]}>
          {live ? "Nothing was printed yet. Lines show here as the program prints them." : "The program printed nothing, or its console was not captured."}
        </p>
      ) : find !== "" ? (
        <Found page={found.data} stream={stream} onLine={(line) => onChange({ line, find: undefined })} />
      ) : (
        <Lines
          where={where}
          writer={writer}
          total={total}
          stream={stream}
          marked={search.line}
          follow={follow}
          onFollow={setFollow}
          onLine={(line) => onChange({ line })}
        />
      )}
    </div>
  );
}

interface LinesProps {
  where: readonly [string, string, string];
  writer: string;
  total: number;
  stream: "all" | "errors";
  marked: number | undefined;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  onLine: (line: number) => void;
}

/** Line numbers in the address and on the page count from 1; the server counts from 0. */
function Lines({ where, writer, total, stream, marked, follow, onFollow, onLine }: LinesProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const queryClient = useQueryClient();
  const rows = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_PX,
    overscan: 40,
  });
  const items = rows.getVirtualItems();
  const pages = useMemo(() => {
    const wanted = new Set(items.map((item) => Math.floor(item.index / CONSOLE_PAGE)));
    return [...wanted].sort((a, b) => a - b);
  }, [items]);
  const answers = useQueries({
    queries: pages.map((page) => ({
      ...consoleQuery(...where, { writer, start: page * CONSOLE_PAGE }),
      // A full page below the last lines changes no more, save when a progress bar rewrites it.
      staleTime: (page + 1) * CONSOLE_PAGE < total - CONSOLE_PAGE ? 60_000 : 0,
    })),
  });
  const byNumber = useMemo(() => {
    const lines = new Map<number, ConsoleLine>();
    for (const answer of answers) for (const line of answer.data?.lines ?? []) lines.set(line[0], line);
    return lines;
  }, [answers]);

  useEffect(() => {
    if (follow) rows.scrollToIndex(total - 1, { align: "end" });
  }, [follow, total, rows]);
  useEffect(() => {
    if (marked !== undefined) rows.scrollToIndex(Math.min(marked, total) - 1, { align: "center" });
    // Only when the address names another line: later lines must not move what someone reads.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [marked, rows]);
  useEffect(() => {
    // Pages of a console that was left are let go: a log may have a million lines.
    return () => queryClient.removeQueries({ queryKey: ["console", ...where], type: "inactive" });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- where is a fresh tuple of the same names
  }, [queryClient, ...where]);

  return (
    <div
      ref={scroller}
      className={styles["lines"]}
      tabIndex={0}
      role="log"
      aria-label="Console lines"
      onWheel={(event) => {
        if (event.deltaY < 0 && follow) onFollow(false);
      }}
    >
      <div className={styles["space"]} style={{ height: rows.getTotalSize() }}>
        {items.map((item) => (
          <LineRow
            key={item.index}
            index={item.index}
            top={item.start}
            line={byNumber.get(item.index)}
            dim={stream === "errors"}
            marked={marked === item.index + 1}
            onLine={onLine}
          />
        ))}
      </div>
    </div>
  );
}

function Found({ page, stream, onLine }: { page: ConsolePage | undefined; stream: "all" | "errors"; onLine: (line: number) => void }) {
  const lines = page?.lines.filter((line) => stream === "all" || line[1] === 1) ?? [];
  if (!page) return <LoadingBar />;
  if (lines.length === 0) return <p className={styles["none"]}>No line holds that text.</p>;
  return (
    <div className={styles["lines"]} tabIndex={0} role="log" aria-label="Lines found">
      <div className={styles["space"]} style={{ height: lines.length * LINE_PX }}>
        {lines.map((line, at) => (
          <LineRow key={line[0]} index={line[0]} top={at * LINE_PX} line={line} dim={false} marked={false} onLine={onLine} />
        ))}
      </div>
      {lines.length >= CONSOLE_PAGE && <p className={styles["none"]}>The first {CONSOLE_PAGE} are shown.</p>}
    </div>
  );
}

const ansi = new AnsiUp();
ansi.use_classes = true; // colours by the theme, see page.module.css

function LineRow({
  index,
  top,
  line,
  dim,
  marked,
  onLine,
}: {
  index: number;
  top: number;
  line: ConsoleLine | undefined;
  dim: boolean;
  marked: boolean;
  onLine: (line: number) => void;
}) {
  const html = useMemo(() => (line ? { __html: ansi.ansi_to_html(line[3]) } : undefined), [line]);
  const faded = dim && line !== undefined && line[1] !== 1;
  return (
    <div
      className={styles["line"]}
      style={{ transform: `translateY(${top}px)`, opacity: faded ? 0.35 : 1 }}
      data-stream={line?.[1] ?? 0}
      data-marked={marked}
    >
      <a
        className={styles["number"]}
        href={`#${index + 1}`}
        title={line ? absoluteTime(line[2]) : undefined}
        aria-label={`Link to line ${index + 1}`}
        tabIndex={-1}
        onClick={(event) => {
          event.preventDefault();
          onLine(index + 1);
        }}
      >
        {index + 1}
      </a>
      {/* ansi_up escapes the text; what it adds is spans with colours */}
      <span className={styles["text"]} dangerouslySetInnerHTML={html} />
    </div>
  );
}
