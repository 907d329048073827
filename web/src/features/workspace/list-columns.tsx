/** Columns of the list beside the charts: the eye, the name in its colour, and what was chosen. */

import { Link } from "@tanstack/react-router";
import { ChevronDown, ChevronRight, Eye, EyeOff, Pin } from "lucide-react";
import { useMemo } from "react";

import type { Run } from "@/api/types";
import { valueAt } from "@/base/flatten";
import { formatCount } from "@/base/numbers";
import { columnLabel, columnWidth, shortLabel } from "@/model/columns";
import { ColourPicker } from "@/widgets/colour-picker";
import type { GridColumn } from "@/widgets/grid";
import { Duration, State, Time, Value } from "@/widgets/values";

import type { ListRow } from "./list-rows";
import styles from "./run-list.module.css";
import { eyeOpen, type GroupRow } from "./use-runs";
import type { WorkspaceState } from "./use-view";

export function useListColumns({
  state,
  rows,
  widths,
  toggleEye,
}: {
  state: WorkspaceState;
  rows: readonly ListRow[];
  widths: Readonly<Record<string, number>>;
  toggleEye: (id: string, alone: boolean) => void;
}): GridColumn<ListRow>[] {
  const { entity, project, spec, change } = state;
  return useMemo(() => {
    const recolour = (id: string, slot: number | undefined) => {
      const colours = { ...spec.colours };
      if (slot === undefined) Reflect.deleteProperty(colours, id);
      else colours[id] = slot;
      change({ colours });
    };
    const anyShown = spec.only === null ? rows.some((row) => row.kind !== "more" && !spec.hidden.includes(row.key)) : spec.only.length > 0;
    const sortOf = (key: string) => {
      if (spec.sort === `-${key}`) return "desc" as const;
      return spec.sort === `+${key}` ? ("asc" as const) : ("none" as const);
    };
    const eye: GridColumn<ListRow> = {
      id: "eye",
      label: "Shown in charts",
      width: 30,
      pinned: true,
      header: (
        <button
          type="button"
          className={styles["eye"]}
          aria-label={anyShown ? "Hide all runs" : "Show all runs"}
          title={anyShown ? "Hide all runs" : "Show all runs"}
          onClick={() => change(anyShown ? { only: [], hidden: [] } : { only: null, hidden: [] })}
        >
          {anyShown ? <Eye size={14} aria-hidden /> : <EyeOff size={14} aria-hidden />}
        </button>
      ),
      cell: (row) => {
        if (row.kind === "more") return null;
        const id = row.kind === "run" ? row.run.id : row.group.name;
        const name = row.kind === "run" ? row.run.display_name : row.group.label;
        const shown = eyeOpen(spec, id);
        if (row.kind === "run" && row.level > 1) return null;
        return (
          <button
            type="button"
            tabIndex={-1}
            className={styles["eye"]}
            aria-label={`${shown ? "Hide" : "Show"} ${name}`}
            aria-pressed={shown}
            title={`${shown ? "Hide" : "Show"} (Alt: show only this one)`}
            onClick={(event) => toggleEye(id, event.altKey)}
          >
            {shown ? <Eye size={14} aria-hidden /> : <EyeOff size={14} aria-hidden />}
          </button>
        );
      },
    };
    const name: GridColumn<ListRow> = {
      id: "name",
      label: "Name",
      width: widths["name"] ?? 190,
      pinned: true,
      sort: sortOf("name"),
      cell: (row) => {
        if (row.kind === "more") return <span className={styles["muted"]}>{row.text}</span>;
        if (row.kind === "group") {
          return (
            <>
              {row.open ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />}
              <ColourPicker
                name={row.group.label}
                slot={row.group.slot}
                chosen={spec.colours[row.group.name]}
                onChoose={(slot) => recolour(row.group.name, slot)}
              />
              <span title={row.group.label}>{row.group.label}</span>
              <span className={styles["count"]}>{formatCount(row.group.group.count)}</span>
            </>
          );
        }
        return (
          <>
            {row.level > 1 && <span className={styles["indent"]} />}
            <ColourPicker
              name={row.run.display_name}
              slot={spec.colours[row.run.id] ?? row.run.colour}
              chosen={spec.colours[row.run.id]}
              onChoose={(slot) => recolour(row.run.id, slot)}
            />
            <Link
              to="/$entity/$project/runs/$run"
              params={{ entity, project, run: row.run.id }}
              className={styles["name"]}
              tabIndex={-1}
              title={`${row.run.display_name} (${row.run.id})`}
            >
              {row.run.display_name}
            </Link>
            {spec.pins.includes(row.run.id) && <Pin size={12} aria-label="Pinned" className={styles["pin"]} />}
          </>
        );
      },
    };
    const shown = ["state", "created_at", ...spec.columns.filter((key) => key !== "state" && key !== "created_at" && key !== "name")];
    return [
      eye,
      name,
      ...shown.map(
        (key): GridColumn<ListRow> => ({
          id: key,
          label: columnLabel(key),
          header: <span>{shortLabel(columnLabel(key))}</span>,
          width: widths[key] ?? columnWidth(key),
          sort: sortOf(key),
          cell: (row) => (row.kind === "run" ? cellOf(row.run, key) : row.kind === "group" ? groupCell(row.group, key) : null),
        }),
      ),
    ];
  }, [spec, rows, widths, change, toggleEye, entity, project]);
}

function cellOf(run: Run, key: string) {
  if (key === "state") return <State state={run.state} />;
  if (key === "created_at") return <Time at={run.created_at} />;
  if (key === "finished_at") return <Time at={run.finished_at} />;
  if (key === "heartbeat_at") return <Time at={run.heartbeat_at} />;
  if (key === "duration") return <Duration seconds={run.duration} />;
  if (key === "tags") return <span title={run.tags.join(", ")}>{run.tags.join(", ")}</span>;
  const value = key.startsWith("config.")
    ? valueAt(run.config, key.slice(7))
    : key.startsWith("summary.")
      ? valueAt(run.summary, key.slice(8))
      : valueAt(run, key);
  return value === undefined || value === null || value === "" ? null : <Value value={value} />;
}

/** Of a group: how many runs in which state, and means of what is a number. */
function groupCell({ group }: GroupRow, key: string) {
  if (key === "state") {
    const words = Object.entries(group.states).map(([word, count]) => `${count} ${word}`);
    return <span title={words.join(", ")}>{words.join(", ")}</span>;
  }
  const statistics = group.statistics[key];
  if (!statistics || statistics.mean === null) return null;
  return (
    <span title={`mean of ${statistics.count}, min ${statistics.min}, max ${statistics.max}`}>
      <Value value={statistics.mean} />
    </span>
  );
}
