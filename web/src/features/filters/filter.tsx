/** Which runs: row by row, or as the JSON that the server and the query API take. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ListFilter, Plus, X } from "lucide-react";
import { useDeferredValue, useId, useState, type Ref } from "react";

import { columnsQuery } from "@/api/runs";
import type { RunFilter } from "@/api/types";
import { asRecord } from "@/base/parse";
import { FIELD_COLUMNS } from "@/model/columns";
import { describeFilter, OPERATORS, toConditions, toFilter, type Condition } from "@/model/filter";
import { Button, IconButton, Segments, Select, TextArea, TextInput } from "@/widgets/controls";
import { Popover } from "@/widgets/overlays";

import styles from "./filters.module.css";

const WAYS = [
  { value: "rows", label: "Rows" },
  { value: "json", label: "JSON" },
] as const;

const EMPTY: Condition = { column: "", operator: "eq", value: "" };

export function FilterButton({
  entity,
  project,
  filter,
  onChange,
  open,
  onOpenChange,
  ref,
}: {
  entity: string;
  project: string;
  filter: RunFilter;
  onChange: (filter: RunFilter) => void;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  ref?: Ref<HTMLButtonElement>;
}) {
  const count = toConditions(filter)?.length ?? 1;
  return (
    <Popover
      label="Filter"
      width={460}
      {...(open !== undefined && { open })}
      {...(onOpenChange && { onOpenChange })}
      trigger={
        <Button ref={ref} small tone="quiet" aria-pressed={count > 0} title={describeFilter(filter) || "Filter runs"}>
          <ListFilter size={14} aria-hidden /> Filter{count > 0 && ` (${count})`}
        </Button>
      }
    >
      <FilterForm entity={entity} project={project} filter={filter} onChange={onChange} />
    </Popover>
  );
}

function FilterForm({
  entity,
  project,
  filter,
  onChange,
}: {
  entity: string;
  project: string;
  filter: RunFilter;
  onChange: (filter: RunFilter) => void;
}) {
  const first = toConditions(filter);
  const [way, setWay] = useState<"rows" | "json">(first ? "rows" : "json");
  const [rows, setRows] = useState<Condition[]>(first && first.length > 0 ? first : [EMPTY]);
  const [json, setJson] = useState(() => JSON.stringify(filter, null, 2));
  const [wrong, setWrong] = useState("");
  const applyRows = (next: Condition[]) => {
    setRows(next);
    const made = toFilter(next.filter(complete));
    if (JSON.stringify(made) !== JSON.stringify(filter)) onChange(made);
  };
  const switchTo = (next: "rows" | "json") => {
    if (next === "json") setJson(JSON.stringify(filter, null, 2));
    else {
      const conditions = toConditions(filter);
      if (!conditions) {
        setWrong("This filter says more than rows can: edit it as JSON.");
        return;
      }
      setRows(conditions.length > 0 ? conditions : [EMPTY]);
    }
    setWrong("");
    setWay(next);
  };
  const applyJson = () => {
    const parsed = readJson(json);
    if (typeof parsed === "string") {
      setWrong(parsed);
      return;
    }
    setWrong("");
    onChange(parsed);
  };
  const clear = () => {
    setRows([EMPTY]);
    setJson("{}");
    setWrong("");
    onChange({});
  };
  return (
    <>
      <div className={styles["actions"]}>
        <Segments label="Edit the filter as" options={WAYS} value={way} onChoose={switchTo} />
        <span />
        <Button small tone="quiet" onClick={clear}>
          Clear
        </Button>
      </div>
      {way === "rows" ? (
        <form
          className={styles["rows"]}
          onSubmit={(event) => {
            event.preventDefault();
            applyRows(rows);
          }}
        >
          {rows.map((row, at) => (
            <Row
              key={at}
              entity={entity}
              project={project}
              row={row}
              first={at === 0}
              onChange={(next) => applyRows(rows.map((old, i) => (i === at ? next : old)))}
              onDraft={(next) => setRows(rows.map((old, i) => (i === at ? next : old)))}
              onRemove={() => applyRows(rows.length > 1 ? rows.filter((_, i) => i !== at) : [EMPTY])}
            />
          ))}
          <div className={styles["actions"]}>
            <Button small onClick={() => setRows([...rows, EMPTY])}>
              <Plus size={14} aria-hidden /> Add a condition
            </Button>
            <span className={styles["hint"]}>All must hold</span>
            <Button small type="submit" tone="primary">
              Apply
            </Button>
          </div>
        </form>
      ) : (
        <>
          <TextArea
            className={styles["raw"] ?? ""}
            aria-label="Filter as JSON"
            aria-invalid={wrong !== ""}
            value={json}
            onChange={(event) => setJson(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) applyJson();
            }}
          />
          <div className={styles["actions"]}>
            <span className={styles["hint"]}>
              {'For example {"$or": [{"state": "failed"}, {"summary.loss": {"$gt": 2}}]}'}
            </span>
            <Button small tone="primary" onClick={applyJson}>
              Apply
            </Button>
          </div>
        </>
      )}
      {wrong !== "" && (
        <p role="alert" className={styles["error"]}>
          {wrong}
        </p>
      )}
    </>
  );
}

function Row({
  entity,
  project,
  row,
  first,
  onChange,
  onDraft,
  onRemove,
}: {
  entity: string;
  project: string;
  row: Condition;
  first: boolean;
  onChange: (row: Condition) => void;
  onDraft: (row: Condition) => void;
  onRemove: () => void;
}) {
  const list = useId();
  const search = useDeferredValue(row.column);
  const columns = useQuery({ ...columnsQuery(entity, project, search), placeholderData: keepPreviousData });
  const needsValue = row.operator !== "exists" && row.operator !== "missing";
  return (
    <div className={styles["row"]}>
      <TextInput
        aria-label="Column"
        placeholder="config.lr, state, …"
        list={list}
        autoFocus={first}
        value={row.column}
        onChange={(event) => onDraft({ ...row, column: event.target.value })}
        onBlur={() => onChange(row)}
      />
      <datalist id={list}>
        {FIELD_COLUMNS.map((field) => (
          <option key={field.key} value={field.key} />
        ))}
        {columns.data?.columns.map((column) => <option key={column.path} value={column.path} />)}
      </datalist>
      <Select
        label="Condition"
        options={OPERATORS}
        value={row.operator}
        onChoose={(operator) => onChange({ ...row, operator })}
      />
      {needsValue ? (
        <TextInput
          aria-label="Value"
          placeholder={row.operator === "in" || row.operator === "nin" ? "a, b, c" : "value"}
          value={row.value}
          onChange={(event) => onDraft({ ...row, value: event.target.value })}
          onBlur={() => onChange(row)}
        />
      ) : (
        <span />
      )}
      <IconButton small label="Remove this condition" onClick={onRemove}>
        <X size={14} aria-hidden />
      </IconButton>
    </div>
  );
}

/** A row without its value would ask the server for runs where the column is empty. */
function complete(row: Condition): boolean {
  return row.column.trim() !== "" && (row.operator === "exists" || row.operator === "missing" || row.value.trim() !== "");
}

function readJson(text: string): RunFilter | string {
  try {
    const parsed = asRecord(text.trim() === "" ? {} : JSON.parse(text));
    return parsed ? (parsed) : "A filter is a JSON object, like {\"state\": \"failed\"}.";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
