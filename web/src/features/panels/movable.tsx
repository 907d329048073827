/** Panels that are put elsewhere in their section: dragged by their grip, or moved with the arrow keys on it. */

import { DndContext, PointerSensor, useDraggable, useDroppable, useSensor, useSensors, type DragEndEvent } from "@dnd-kit/core";
import { GripHorizontal } from "lucide-react";
import { useEffect, useRef, type ReactNode } from "react";

import styles from "./sections.module.css";

interface Place {
  section: string;
  panel: string;
  at: number;
}

const NO_INSTRUCTIONS = { screenReaderInstructions: { draggable: "" } };
/** A click with a trembling hand is no drag. */
const DRAG_PX = 6;

export function MoveContext({ onMove, children }: { onMove: (section: string, panel: string, to: number) => void; children: ReactNode }) {
  const sensors = useSensors(useSensor(PointerSensor, { activationConstraint: { distance: DRAG_PX } }));
  const end = ({ active, over }: DragEndEvent) => {
    const [from, to] = [active.data.current as Place | undefined, over?.data.current as Place | undefined];
    if (from && to && from.section === to.section && from.at !== to.at) onMove(from.section, from.panel, to.at);
  };
  return (
    <DndContext sensors={sensors} onDragEnd={end} accessibility={NO_INSTRUCTIONS}>
      {children}
    </DndContext>
  );
}

/** Which grip was moved by key: after the move it has the focus again. */
let refocus: string | null = null;

export function Movable({
  section,
  panel,
  at,
  columns,
  onMove,
  children,
}: Place & { columns: number; onMove: (to: number) => void; children: ReactNode }) {
  const id = `${section}\n${panel}`;
  const data: Place = { section, panel, at };
  const { setNodeRef: dragged, listeners, transform, isDragging } = useDraggable({ id, data });
  const { setNodeRef: dropped, isOver, active } = useDroppable({ id, data });
  const grip = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (refocus !== id) return;
    refocus = null;
    grip.current?.focus();
    grip.current?.scrollIntoView({ block: "nearest" });
  }, [id, at]);
  const name = panel.trim().replace(/^media /, "");
  return (
    <div
      ref={(element) => {
        dragged(element);
        dropped(element);
      }}
      className={styles["movable"]}
      data-dragging={isDragging}
      data-target={isOver && !isDragging && (active?.data.current as Place | undefined)?.section === section}
      style={transform ? { transform: `translate(${transform.x}px, ${transform.y}px)` } : undefined}
    >
      {children}
      <button
        ref={grip}
        type="button"
        className={styles["grip"]}
        aria-label={`Move ${name}`}
        title="Drag to move; or press the arrow keys"
        {...listeners}
        onKeyDown={(event) => {
          const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
          if (by === undefined) return;
          event.preventDefault();
          event.stopPropagation();
          refocus = id;
          onMove(Math.max(0, at + by));
        }}
      >
        <GripHorizontal size={14} aria-hidden />
      </button>
    </div>
  );
}
