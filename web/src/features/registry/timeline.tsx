/** What was where when, by whom and why. */

import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";

import { aliasMovesQuery, type AliasMove } from "@/api/registry";
import { Button, Select } from "@/widgets/controls";
import { ErrorPanel, LoadingBar, Skeleton } from "@/widgets/feedback";
import { Time } from "@/widgets/values";

import type { Where } from "./collection";
import { Evidence } from "./evidence";
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
  const moves = useInfiniteQuery({ ...aliasMovesQuery(where.entity, where.project, where.collection, asked), placeholderData: keepPreviousData });
  const rows = moves.data?.pages.flatMap((page) => page.moves) ?? [];
  const names = [...new Set([...aliases, ...(alias === "" || alias === "*" ? [] : [alias])])];
  return (
    <section className={styles["section"]} aria-label="What was where when">
      <div className={styles["bar"]}>
        <h2>What was where when</h2>
        <span className={styles["gap"]} />
        <Select
          label="Moves of"
          options={[{ value: "", label: "all but latest" }, { value: "*", label: "all aliases" }, ...names.map((name) => ({ value: name, label: name }))]}
          value={alias}
          onChoose={onAlias}
        />
      </div>
      {moves.error && <ErrorPanel what="The history could not be read" error={moves.error} onRetry={() => void moves.refetch()} />}
      {moves.isPending && <Skeleton height={120} />}
      {moves.isPlaceholderData && <LoadingBar />}
      {moves.isSuccess && rows.length === 0 && <p className={styles["quiet"]}>{alias === "" ? "Nothing was promoted yet." : "No alias was moved yet."}</p>}
      <ol className={styles["timeline"]}>
        {rows.map((move) => (
          <li key={move.id} data-act={move.act}>
            <strong>{move.alias}</strong> {ACTS[move.act]} {move.to_version}
            {move.from_version !== "" && <span className={styles["quiet"]}> from {move.from_version}</span>}
            <div className={styles["quiet"]}>
              <Time at={move.at} /> by {move.by || "the server"}
              {move.digest !== "" && (
                <>
                  {" "}
                  · <code title={move.digest}>{move.digest.slice(0, 10)}</code>
                </>
              )}
            </div>
            {move.reason !== "" && <div>{move.reason}</div>}
            <Evidence value={move.evidence} />
          </li>
        ))}
      </ol>
      {moves.hasNextPage && (
        <Button small disabled={moves.isFetchingNextPage} onClick={() => void moves.fetchNextPage()}>
          Earlier moves
        </Button>
      )}
    </section>
  );
}
