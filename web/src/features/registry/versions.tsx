/** The versions that are linked into a collection: any number of them, read by place. */

import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useRef } from "react";

import { readVersions, versionsKey, type ArtifactVersion, type VersionsAsked } from "@/api/artifacts";
import { formatBytes, plural } from "@/base/numbers";
import { usePlaced } from "@/model/placed";
import { useShortcut } from "@/model/shortcuts";
import { Button } from "@/widgets/controls";
import { Empty, ErrorPanel, LoadingBar, Skeleton } from "@/widgets/feedback";
import { Grid, type GridColumn, type GridHandle } from "@/widgets/grid";
import { SearchText } from "@/widgets/search-text";
import { Time } from "@/widgets/values";

import type { Where } from "./collection";
import styles from "./registry.module.css";
import { GridBox } from "./grid-box";

const NARROW = 640;

interface Props {
  where: Where;
  protectedAliases: readonly string[];
  candidate: string | undefined;
  find: string;
  onFind: (text: string) => void;
  /** undefined: this session promotes nothing here */
  onPromote: ((version: string) => void) | undefined;
  onCompare: (version: string) => void;
}

export function Versions({ where, protectedAliases, candidate, find, onFind, onPromote, onCompare }: Props) {
  const { entity, project, collection } = where;
  const asked = useMemo<VersionsAsked>(() => ({ sort: "-version_index", ...(find !== "" && { search: find }) }), [find]);
  const found = usePlaced(versionsKey(entity, project, collection, asked), (place, signal) =>
    readVersions(entity, project, collection, asked, place, signal),
  );
  const navigate = useNavigate();
  const grid = useRef<GridHandle>(null);
  const input = useRef<HTMLInputElement>(null);
  const active = () => found.rows[grid.current?.active() ?? -1];
  useShortcut("/", "Find versions", "Registry", () => input.current?.focus());
  useShortcut("j", "Next version", "Registry", () => grid.current?.move(1));
  useShortcut("k", "Version before", "Registry", () => grid.current?.move(-1));
  useShortcut("c", "Compare the version with what stands", "Registry", () => {
    const row = active();
    if (row) onCompare(row.version);
  });
  useShortcut(
    "p",
    "Promote the version",
    "Registry",
    () => {
      const row = active();
      if (row) onPromote?.(row.version);
    },
    onPromote !== undefined,
  );
  const columns = columnsOf(where, protectedAliases, onPromote, onCompare);
  return (
    <section className={styles["section"]} aria-label="Versions">
      <div className={styles["bar"]}>
        <h2>Versions</h2>
        <SearchText ref={input} label="Find versions" value={find} onSearch={onFind} onLeave={() => grid.current?.focus()} />
        <span className={styles["quiet"]} role="status">
          {!found.isPending && `${plural(found.total, "version")}${find === "" ? "" : " found"}`}
        </span>
      </div>
      {found.error ? (
        <ErrorPanel what="The versions could not be read" error={found.error} onRetry={found.refetch} />
      ) : found.isPending ? (
        <Skeleton height={160} />
      ) : found.total === 0 ? (
        find === "" ? (
          <p className={styles["quiet"]}>No version is linked here yet.</p>
        ) : (
          <Empty title="No version matches">
            <Button small onClick={() => onFind("")}>
              Clear the filter
            </Button>
          </Empty>
        )
      ) : (
        <GridBox rows={found.total}>
          {found.isFetching && <LoadingBar />}
          <Grid
            ref={grid}
            label="Linked versions"
            columns={columns}
            rows={found.rows}
            total={found.total}
            keyOf={(row) => String(row.id)}
            rowHeight={32}
            selected={(row) => row.version === candidate}
            onOpen={(row) =>
              void navigate({
                to: "/$entity/$project/artifacts/$type/$collection/$version",
                params: { entity, project, type: row.type, collection, version: row.version },
              })
            }
            onRange={found.onRange}
          />
        </GridBox>
      )}
    </section>
  );
}

function columnsOf(
  { entity, project, collection }: Where,
  protectedAliases: readonly string[],
  onPromote: Props["onPromote"],
  onCompare: Props["onCompare"],
): GridColumn<ArtifactVersion>[] {
  const narrow = window.innerWidth < NARROW;
  return [
    {
      id: "version_index",
      label: "Version",
      width: 80,
      pinned: true,
      cell: (row) => (
        <Link
          to="/$entity/$project/artifacts/$type/$collection/$version"
          params={{ entity, project, type: row.type, collection, version: row.version }}
          tabIndex={-1}
        >
          {row.version}
        </Link>
      ),
    },
    {
      id: "acts",
      label: "Acts",
      header: <span className="visually-hidden">Acts</span>,
      width: onPromote ? 164 : 88,
      cell: (row) => (
        <span className={styles["acts"]}>
          <Button small tabIndex={-1} aria-label={`Compare ${row.version}`} onClick={() => onCompare(row.version)}>
            Compare
          </Button>
          {onPromote && (
            <Button small tabIndex={-1} aria-label={`Promote ${row.version}`} onClick={() => onPromote(row.version)}>
              Promote
            </Button>
          )}
        </span>
      ),
    },
    {
      id: "aliases",
      label: "Aliases",
      width: narrow ? 160 : 260,
      cell: (row) => (
        <span className={styles["chips"]} data-line title={row.aliases.map((alias) => alias.alias).join(", ")}>
          {row.aliases.map((alias) => (
            <span key={alias.alias} className={styles["chip"]} data-protected={protectedAliases.includes(alias.alias)}>
              {alias.alias}
            </span>
          ))}
        </span>
      ),
    },
    {
      id: "source",
      label: "Made as",
      width: narrow ? 220 : 320,
      cell: (row) => <code title={row.source}>{row.source}</code>,
    },
    {
      id: "size",
      label: "Size",
      width: 100,
      align: "right",
      cell: (row) => <span title={`${row.size} bytes`}>{formatBytes(row.size)}</span>,
    },
    { id: "created_at", label: "Made", width: 130, cell: (row) => <Time at={row.created_at} /> },
    { id: "by", label: "By", width: 120, cell: (row) => <span title={row.created_by}>{row.created_by}</span> },
    {
      id: "description",
      label: "Description",
      width: 320,
      cell: (row) => (
        <span className={styles["quiet"]} title={row.description}>
          {row.description.split("\n", 1)[0]}
        </span>
      ),
    },
  ];
}
