/** Finding a column among those of the project: searched on the server, which may know 12,000. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ArrowDown, ArrowUp, Check, X } from "lucide-react";
import { useDeferredValue, useState } from "react";

import { columnsQuery } from "@/api/runs";
import { formatCount } from "@/base/numbers";
import { columnLabel, FIELD_COLUMNS } from "@/model/columns";
import { IconButton, SearchInput } from "@/widgets/controls";
import { describeError } from "@/widgets/feedback";
import picks from "@/widgets/picks.module.css";

import styles from "./filters.module.css";

export function ColumnList({
  entity,
  project,
  chosen,
  onChoose,
  fields = FIELD_COLUMNS,
  label = "Find a column",
}: {
  entity: string;
  project: string;
  chosen: readonly string[];
  onChoose: (key: string) => void;
  fields?: readonly { key: string; label: string }[];
  label?: string;
}) {
  const [text, setText] = useState("");
  const search = useDeferredValue(text.trim());
  const columns = useQuery({ ...columnsQuery(entity, project, search), placeholderData: keepPreviousData });
  const wanted = search.toLowerCase();
  const options = [
    ...fields
      .filter((field) => `${field.label} ${field.key}`.toLowerCase().includes(wanted))
      .map((field) => ({ key: field.key, label: field.label, note: "" })),
    ...(columns.data?.columns ?? []).map((column) => ({
      key: column.path,
      label: column.path,
      note: formatCount(column.runs),
    })),
  ];
  return (
    <>
      <SearchInput label={label} value={text} onChange={(event) => setText(event.target.value)} autoFocus />
      {columns.error && <p className={styles["error"]}>{describeError(columns.error).message}</p>}
      <ul className={picks["list"]} aria-label="Columns">
        {options.map((option) => (
          <li key={option.key}>
            <button type="button" aria-pressed={chosen.includes(option.key)} onClick={() => onChoose(option.key)}>
              <span>{option.label}</span>
              {option.note !== "" && <span title="Runs that have it">{option.note}</span>}
              {chosen.includes(option.key) && <Check size={14} aria-hidden className={styles["tick"]} />}
            </button>
          </li>
        ))}
      </ul>
      {options.length === 0 && <p className={styles["hint"]}>No column matches.</p>}
      {columns.data && columns.data.next !== "" && (
        <p className={styles["hint"]}>The first {columns.data.columns.length} are shown; search to narrow.</p>
      )}
    </>
  );
}

/** The chosen ones in order, with ways to move and remove. */
export function ChosenColumns({ chosen, onChange }: { chosen: readonly string[]; onChange: (chosen: string[]) => void }) {
  if (chosen.length === 0) return null;
  const move = (at: number, by: number) => {
    const next = [...chosen];
    const [taken] = next.splice(at, 1);
    if (taken !== undefined) next.splice(at + by, 0, taken);
    onChange(next);
  };
  return (
    <div className={styles["chosen"]}>
      <span className={styles["title"]}>Chosen, in this order</span>
      {chosen.map((key, at) => (
        <div key={key} className={styles["chosenRow"]}>
          <span>{columnLabel(key)}</span>
          <IconButton small label={`Move ${key} up`} disabled={at === 0} onClick={() => move(at, -1)}>
            <ArrowUp size={14} aria-hidden />
          </IconButton>
          <IconButton small label={`Move ${key} down`} disabled={at === chosen.length - 1} onClick={() => move(at, 1)}>
            <ArrowDown size={14} aria-hidden />
          </IconButton>
          <IconButton small label={`Remove ${key}`} onClick={() => onChange(chosen.filter((one) => one !== key))}>
            <X size={14} aria-hidden />
          </IconButton>
        </div>
      ))}
    </div>
  );
}
