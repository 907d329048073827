/** What was where when, by whom and why: moves of aliases, any number of them, read by place. */

import { aliasMovesKey, readAliasMoves, type AliasMove } from "@/api/registry";
import { formatCount, plural } from "@/base/numbers";
import { otherEvidence, sweepEvidence } from "@/model/evidence";
import { usePlaced } from "@/model/placed";
import { Button, Select } from "@/widgets/controls";
import { ErrorPanel, LoadingBar, Skeleton } from "@/widgets/feedback";
import { Grid, type GridColumn } from "@/widgets/grid";
import { Popover } from "@/widgets/overlays";
import { Time } from "@/widgets/values";

import type { Where } from "./collection";
import { Evidence, OtherEvidence } from "./evidence";
import { GridBox } from "./grid-box";
import styles from "./registry.module.css";

const ACTS: Record<AliasMove["act"], string> = {
  set: "set to",
  remove: "taken off",
  promote: "promoted to",
  rollback: "rolled back to",
  delete: "went with its version",
  restore: "back at",
};

/** alias: "" all but `latest`, which moves with every link; "*": all of them. */
export function Timeline({ where, aliases, alias, onAlias }: { where: Where; aliases: readonly string[]; alias: string; onAlias: (alias: string) => void }) {
  const asked = alias === "" ? { without: "latest" } : alias === "*" ? {} : { alias };
  const moves = usePlaced(aliasMovesKey(where.entity, where.project, where.collection, asked), (place, signal) =>
    readAliasMoves(where.entity, where.project, where.collection, asked, place, signal),
  );
  const names = [...new Set([...aliases, ...(alias === "" || alias === "*" ? [] : [alias])])];
  return (
    <section className={styles["section"]} aria-label="What was where when">
      <div className={styles["bar"]}>
        <h2>What was where when</h2>
        <Select
          label="Moves of"
          options={[{ value: "", label: "all but latest" }, { value: "*", label: "all aliases" }, ...names.map((name) => ({ value: name, label: name }))]}
          value={alias}
          onChoose={onAlias}
        />
        <span className={styles["quiet"]} role="status">
          {!moves.isPending && plural(moves.total, "move")}
        </span>
      </div>
      {moves.error ? (
        <ErrorPanel what="The history could not be read" error={moves.error} onRetry={moves.refetch} />
      ) : moves.isPending ? (
        <Skeleton height={120} />
      ) : moves.total === 0 ? (
        <p className={styles["quiet"]}>{alias === "" ? "Nothing was promoted yet." : "No alias was moved yet."}</p>
      ) : (
        <GridBox rows={moves.total}>
          {moves.isFetching && <LoadingBar />}
          <Grid label="Moves" columns={COLUMNS} rows={moves.rows} total={moves.total} keyOf={(move) => String(move.id)} rowHeight={32} onRange={moves.onRange} />
        </GridBox>
      )}
    </section>
  );
}

const COLUMNS: readonly GridColumn<AliasMove>[] = [
  { id: "at", label: "When", width: 110, pinned: true, cell: (move) => <Time at={move.at} /> },
  {
    id: "alias",
    label: "Alias",
    width: 120,
    cell: (move) => (
      <strong className={styles["clip"]} title={move.alias}>
        {move.alias}
      </strong>
    ),
  },
  {
    id: "act",
    label: "What",
    width: 170,
    cell: (move) => (
      <span className={styles["act"]} data-act={move.act}>
        {ACTS[move.act]} {move.to_version}
      </span>
    ),
  },
  { id: "from", label: "From", width: 80, cell: (move) => move.from_version },
  { id: "by", label: "By", width: 120, cell: (move) => <span title={move.by}>{move.by || "the server"}</span> },
  { id: "reason", label: "Why", width: 560, cell: (move) => <span title={move.reason}>{move.reason}</span> },
  { id: "evidence", label: "Evidence", width: 110, cell: (move) => <EvidenceOf move={move} /> },
  { id: "digest", label: "Digest", width: 110, cell: (move) => <code title={move.digest}>{move.digest.slice(0, 10)}</code> },
];

function EvidenceOf({ move }: { move: AliasMove }) {
  const others = otherEvidence(move.evidence).length;
  if (!sweepEvidence(move.evidence) && others === 0) return null;
  return (
    <Popover
      label={`Evidence of ${move.alias} ${ACTS[move.act]} ${move.to_version}`}
      align="end"
      trigger={
        <Button small tone="quiet">
          {others === 0 ? "A sweep" : `${formatCount(others)} ${others === 1 ? "fact" : "facts"}`}
        </Button>
      }
    >
      <Evidence value={move.evidence} />
      <OtherEvidence value={move.evidence} />
    </Popover>
  );
}
