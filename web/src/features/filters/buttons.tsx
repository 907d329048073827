/** Group, sort and columns: a button each that says what is chosen and opens the choice. */

import { ArrowDownUp, Columns3, Layers } from "lucide-react";
import type { Ref } from "react";

import { columnLabel, FIELD_COLUMNS } from "@/model/columns";
import { Button, Segments } from "@/widgets/controls";
import { Popover } from "@/widgets/overlays";

import { ChosenColumns, ColumnList } from "./columns";

interface Place {
  entity: string;
  project: string;
}

export function ColumnsButton({
  entity,
  project,
  columns,
  onChange,
}: Place & { columns: readonly string[]; onChange: (columns: string[]) => void }) {
  const toggle = (key: string) =>
    onChange(columns.includes(key) ? columns.filter((one) => one !== key) : [...columns, key]);
  return (
    <Popover
      label="Columns"
      width={340}
      trigger={
        <Button small tone="quiet" title="Choose columns">
          <Columns3 size={14} aria-hidden /> Columns{columns.length > 0 && ` (${columns.length})`}
        </Button>
      }
    >
      <ChosenColumns chosen={columns} onChange={onChange} />
      <ColumnList entity={entity} project={project} chosen={columns} onChoose={toggle} />
    </Popover>
  );
}

const GROUP_FIELDS = FIELD_COLUMNS.filter((field) =>
  ["group", "job_type", "state", "username", "host", "sweep", "tags"].includes(field.key),
);

export function GroupButton({
  entity,
  project,
  group,
  onChange,
}: Place & { group: readonly string[]; onChange: (group: string[]) => void }) {
  const toggle = (key: string) => onChange(group.includes(key) ? group.filter((one) => one !== key) : [...group, key]);
  return (
    <Popover
      label="Group"
      width={340}
      trigger={
        <Button small tone="quiet" aria-pressed={group.length > 0} title={group.map(columnLabel).join(", ") || "Group runs"}>
          <Layers size={14} aria-hidden /> Group{group.length > 0 && ` (${group.length})`}
        </Button>
      }
    >
      <ChosenColumns chosen={group} onChange={onChange} />
      <ColumnList
        entity={entity}
        project={project}
        chosen={group}
        onChoose={toggle}
        fields={GROUP_FIELDS}
        label="Group by"
      />
    </Popover>
  );
}

const DIRECTIONS = [
  { value: "-", label: "Falling" },
  { value: "+", label: "Rising" },
] as const;

export function SortButton({
  entity,
  project,
  sort,
  onChange,
  ref,
}: Place & { sort: string; onChange: (sort: string) => void; ref?: Ref<HTMLButtonElement> }) {
  const falling = sort.startsWith("-");
  const key = sort.replace(/^[+-]/, "");
  return (
    <Popover
      label="Sort"
      width={340}
      trigger={
        <Button ref={ref} small tone="quiet" title={`Sorted by ${columnLabel(key)}, ${falling ? "falling" : "rising"}`}>
          <ArrowDownUp size={14} aria-hidden /> Sort
        </Button>
      }
    >
      <Segments
        label="Direction"
        options={DIRECTIONS}
        value={falling ? "-" : "+"}
        onChoose={(sign) => onChange(sign + key)}
      />
      <ColumnList
        entity={entity}
        project={project}
        chosen={[key]}
        onChoose={(chosen) => onChange((falling ? "-" : "+") + chosen)}
        label="Sort by"
      />
    </Popover>
  );
}
