/**
 * Panels in sections by key prefix. Only sections near the screen exist, and of a section only one
 * page of panels: 5,000 keys cost no more than fifty.
 */

import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronDown, ChevronLeft, ChevronRight } from "lucide-react";
import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";

import { plural } from "@/base/numbers";
import type { Section as KeySection } from "@/base/sections";
import { IconButton } from "@/widgets/controls";

import { Movable, MoveContext } from "./movable";
import styles from "./sections.module.css";
import { Slot } from "./slot";

const HEAD = 40;
const GAP = 12;
const PANEL_WIDTH_MIN = 276;
export const PANEL_HEIGHT = 264;
export const PAGE_PANELS = 12;

/** `label` where the name is not what people read; `height` and `widthMin` where its panels are of another size. */
export type Section = KeySection & { label?: string; height?: number; widthMin?: number };

export interface PanelSectionsProps {
  sections: readonly Section[];
  closed: readonly string[];
  onClosed: (closed: string[]) => void;
  panel: (key: string) => ReactNode;
  /** `key` is to stand at `to` among its section's keys; none: panels stay where they are */
  onMove?: ((section: Section, key: string, to: number) => void) | undefined;
  /** more keys are there: called when the end comes near */
  onEnd?: (() => void) | undefined;
  /** said after the last section */
  foot?: ReactNode;
}

export function PanelSections({ sections, closed, onClosed, panel, onMove, onEnd, foot }: PanelSectionsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [pages, setPages] = useState<Readonly<Record<string, number>>>({});
  useEffect(() => {
    if (!scroller.current) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      setWidth(entry?.contentRect.width ?? 0);
    });
    observer.observe(scroller.current);
    return () => observer.disconnect();
  }, []);

  const columnsOf = (section: Section) => Math.max(1, Math.floor((width + GAP) / ((section.widthMin ?? PANEL_WIDTH_MIN) + GAP)));
  const shut = useMemo(() => new Set(closed), [closed]);
  const heightOf = (section: Section | undefined): number => {
    if (!section) return HEAD;
    if (shut.has(section.name)) return HEAD;
    const shown = keysOn(section, pages[section.name] ?? 0).length;
    return HEAD + Math.ceil(shown / columnsOf(section)) * ((section.height ?? PANEL_HEIGHT) + GAP);
  };
  const virtual = useVirtualizer({
    count: sections.length + 1, // the last is the foot
    getScrollElement: () => scroller.current,
    estimateSize: (at) => heightOf(sections[at]),
    getItemKey: (at) => sections[at]?.name ?? "\nfoot",
    overscan: 1,
    gap: 0,
  });
  // Heights are known exactly, so a change of layout is told rather than measured.
  const layout = sections.map(heightOf).join();
  useEffect(() => virtual.measure(), [virtual, layout]);

  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const atEnd = last >= sections.length;
  useEffect(() => {
    if (atEnd) onEnd?.();
  }, [atEnd, onEnd, sections.length]);

  const drawn = (
    <div ref={scroller} className={styles["scroller"]} data-scroller tabIndex={0} role="region" aria-label="Panels">
      <div className={styles["canvas"]} style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const section = sections[item.index];
          const place = { transform: `translateY(${item.start}px)`, height: item.size };
          if (!section) {
            return (
              <div key={item.key} className={styles["section"]} style={place}>
                {foot}
              </div>
            );
          }
          const page = pages[section.name] ?? 0;
          const open = !shut.has(section.name);
          return (
            <section key={item.key} className={styles["section"]} style={place} aria-label={nameOf(section)}>
              <SectionHead
                section={section}
                open={open}
                page={page}
                onToggle={() =>
                  onClosed(open ? [...closed, section.name] : closed.filter((name) => name !== section.name))
                }
                onPage={(next) => setPages({ ...pages, [section.name]: next })}
              />
              {open && (
                <div className={styles["grid"]} style={{ gridTemplateColumns: `repeat(${columnsOf(section)}, minmax(0, 1fr))` }}>
                  {keysOn(section, page).map((key, at) => {
                    const slot = (
                      <Slot key={key} height={section.height ?? PANEL_HEIGHT} title={key}>
                        {() => panel(key)}
                      </Slot>
                    );
                    if (!onMove) return slot;
                    return (
                      <Movable
                        key={key}
                        section={section.name}
                        panel={key}
                        at={page * PAGE_PANELS + at}
                        columns={columnsOf(section)}
                        onMove={(to) => onMove(section, key, to)}
                      >
                        {slot}
                      </Movable>
                    );
                  })}
                </div>
              )}
            </section>
          );
        })}
      </div>
    </div>
  );
  if (!onMove) return drawn;
  return (
    <MoveContext
      onMove={(name, key, to) => {
        const section = sections.find((one) => one.name === name);
        if (section) onMove(section, key, to);
      }}
    >
      {drawn}
    </MoveContext>
  );
}

function SectionHead({
  section,
  open,
  page,
  onToggle,
  onPage,
}: {
  section: Section;
  open: boolean;
  page: number;
  onToggle: () => void;
  onPage: (page: number) => void;
}) {
  const count = section.keys.length;
  const start = page * PAGE_PANELS;
  return (
    <header className={styles["head"]}>
      <h2>
        <button type="button" className={styles["toggle"]} aria-expanded={open} onClick={onToggle}>
          {open ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />}
          <span>{nameOf(section)}</span>
        </button>
      </h2>
      <span className={styles["count"]}>{plural(count, "panel")}</span>
      {open && count > PAGE_PANELS && (
        <span className={styles["pages"]}>
          {start + 1}–{Math.min(count, start + PAGE_PANELS)} of {count}
          <IconButton small label={`Panels before, ${nameOf(section)}`} disabled={page === 0} onClick={() => onPage(page - 1)}>
            <ChevronLeft size={14} aria-hidden />
          </IconButton>
          <IconButton
            small
            label={`Next panels, ${nameOf(section)}`}
            disabled={start + PAGE_PANELS >= count}
            onClick={() => onPage(page + 1)}
          >
            <ChevronRight size={14} aria-hidden />
          </IconButton>
        </span>
      )}
    </header>
  );
}

function nameOf(section: Section): string {
  return section.label ?? (section.name === "" ? "Charts" : section.name);
}

function keysOn(section: Section, page: number): string[] {
  return section.keys.slice(page * PAGE_PANELS, (page + 1) * PAGE_PANELS);
}
