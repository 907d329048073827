/** A virtual ARIA grid: arrow keys move, x selects, Enter opens; the server sorts. */

import { Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";

import type { Run } from "@/api/types";
import { useHover } from "@/model/hover";
import { Swatch } from "@/widgets/values";

import type { Column } from "./columns";
import styles from "./page.module.css";

const ROW_PX = 28;
const NAME_PX = 260;
const CHECK_PX = 32;

export function Grid({
  runs,
  total,
  columns,
  sort,
  onSort,
  selected,
  onSelect,
  onMore,
}: {
  runs: readonly Run[];
  total: number;
  columns: readonly Column[];
  sort: string;
  onSort: (sort: string) => void;
  selected: ReadonlySet<string>;
  onSelect: (selected: ReadonlySet<string>) => void;
  onMore: () => void;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const hover = useHover((state) => state.set);
  const navigate = useNavigate();
  const rows = useVirtualizer({
    count: runs.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    scrollPaddingStart: ROW_PX,
  });
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (runs.length < total && last >= runs.length - 20) onMore();
  }, [last, runs.length, total, onMore]);

  const toggle = (run: Run) => {
    const next = new Set(selected);
    if (!next.delete(run.id)) next.add(run.id);
    onSelect(next);
  };
  const move = (to: number) => {
    const at = Math.max(0, Math.min(runs.length - 1, to));
    setActive(at);
    rows.scrollToIndex(at);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const run = runs[active];
    if (event.target instanceof HTMLElement && event.target.matches("input, button, a") && event.key !== "Escape") {
      if (!["ArrowDown", "ArrowUp", "j", "k"].includes(event.key)) return;
    }
    switch (event.key) {
      case "ArrowDown":
      case "j":
        move(active + 1);
        break;
      case "ArrowUp":
      case "k":
        move(active - 1);
        break;
      case "PageDown":
        move(active + 20);
        break;
      case "PageUp":
        move(active - 20);
        break;
      case "Home":
        move(0);
        break;
      case "End":
        move(runs.length - 1);
        break;
      case "x":
        if (run) toggle(run);
        break;
      case "Enter":
        if (run) {
          void navigate({
            to: "/$entity/$project/runs/$run",
            params: { entity: run.entity, project: run.project, run: run.id },
          });
        }
        break;
      case "Escape":
        onSelect(new Set());
        break;
      default:
        return;
    }
    event.preventDefault();
  };
  const template = `${CHECK_PX}px ${NAME_PX}px ${columns.map((column) => `${column.width}px`).join(" ")}`;
  const width = CHECK_PX + NAME_PX + columns.reduce((sum, column) => sum + column.width, 0);
  const all = runs.length > 0 && runs.every((run) => selected.has(run.id));
  return (
    <div
      ref={scroller}
      role="grid"
      aria-label="Runs"
      aria-rowcount={total + 1}
      aria-colcount={columns.length + 2}
      aria-activedescendant={runs[active] ? `run-row-${runs[active].id}` : undefined}
      tabIndex={0}
      className={styles["grid"]}
      onKeyDown={onKeyDown}
    >
      <div role="row" aria-rowindex={1} className={styles["headRow"]} style={{ gridTemplateColumns: template, width }}>
        <div role="columnheader">
          <input
            type="checkbox"
            aria-label="Select all loaded runs"
            checked={all}
            onChange={() => onSelect(all ? new Set() : new Set(runs.map((run) => run.id)))}
          />
        </div>
        <Header label="Name" name="name" sort={sort} onSort={onSort} />
        {columns.map((column) => (
          <Header key={column.key} label={column.label} name={column.key} sort={sort} onSort={onSort} />
        ))}
      </div>
      <div role="rowgroup" style={{ height: rows.getTotalSize(), width, position: "relative" }}>
        {items.map((item) => {
          const run = runs[item.index];
          if (!run) return null;
          return (
            <div
              key={run.id}
              id={`run-row-${run.id}`}
              role="row"
              aria-rowindex={item.index + 2}
              aria-selected={selected.has(run.id)}
              data-active={item.index === active}
              className={styles["row"]}
              style={{ gridTemplateColumns: template, width, transform: `translateY(${item.start}px)` }}
              onClick={() => setActive(item.index)}
              onPointerEnter={() => hover(run.id)}
              onPointerLeave={() => hover(null)}
            >
              <div role="gridcell">
                <input type="checkbox" aria-label={`Select ${run.display_name}`} checked={selected.has(run.id)} onChange={() => toggle(run)} />
              </div>
              <div role="gridcell" className={styles["name"]}>
                <Swatch slot={run.colour} />
                <Link
                  to="/$entity/$project/runs/$run"
                  params={{ entity: run.entity, project: run.project, run: run.id }}
                  title={`${run.display_name} (${run.id})`}
                >
                  {run.display_name}
                </Link>
              </div>
              {columns.map((column) => (
                <div key={column.key} role="gridcell">
                  {column.show(run)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Header({ label, name, sort, onSort }: { label: string; name: string; sort: string; onSort: (sort: string) => void }) {
  const sorted = sort.slice(1) === name ? (sort.startsWith("-") ? "descending" : "ascending") : "none";
  return (
    <div role="columnheader" aria-sort={sorted}>
      <button type="button" title={label} onClick={() => onSort(sorted === "descending" ? `+${name}` : `-${name}`)}>
        <span>{label}</span>
        {sorted === "descending" && <ArrowDown size={12} aria-hidden />}
        {sorted === "ascending" && <ArrowUp size={12} aria-hidden />}
      </button>
    </div>
  );
}
