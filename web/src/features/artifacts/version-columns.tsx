/** What the grid of versions shows of each. */

import { Link } from "@tanstack/react-router";

import type { ArtifactVersion } from "@/api/artifacts";
import { formatBytes, formatCount } from "@/base/numbers";
import { orderOf } from "@/base/order";
import type { GridColumn } from "@/widgets/grid";
import { Time } from "@/widgets/values";

import styles from "./artifacts.module.css";
import { Chips } from "./chips";
import { RunLink } from "./run-link";

export interface CollectionPlace {
  entity: string;
  project: string;
  type: string;
  collection: string;
}

export function useVersionColumns({
  place,
  sort,
  chosen,
  onChoose,
  all,
  onAll,
  onTag,
  trash,
}: {
  place: CollectionPlace;
  sort: string;
  chosen: ReadonlyMap<number, ArtifactVersion>;
  onChoose: (row: ArtifactVersion) => void;
  all: boolean;
  onAll: () => void;
  onTag: (tag: string) => void;
  trash: boolean;
}): GridColumn<ArtifactVersion>[] {
  const { entity, project, type, collection } = place;
  return [
    {
      id: "select",
      label: "Selected",
      header: <input type="checkbox" tabIndex={-1} aria-label="Select all that are found" checked={all} onChange={onAll} />,
      width: 32,
      pinned: true,
      cell: (row) => (
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Select ${row.version}`}
          checked={chosen.has(row.id)}
          onChange={() => onChoose(row)}
          onClick={(event) => event.stopPropagation()}
        />
      ),
    },
    {
      id: "version_index",
      label: "Version",
      width: 96,
      pinned: true,
      sort: orderOf(sort, "version_index"),
      cell: (row) =>
        trash ? (
          <span>{row.version}</span>
        ) : (
          <Link
            to="/$entity/$project/artifacts/$type/$collection/$version"
            params={{ entity, project, type, collection, version: row.version }}
            tabIndex={-1}
          >
            {row.version}
          </Link>
        ),
    },
    ...(trash
      ? [{ id: "deleted_at", label: "Deleted", width: 120, cell: (row: ArtifactVersion) => <Time at={row.deleted_at} /> }]
      : [
          {
            id: "aliases",
            label: "Aliases",
            width: 220,
            cell: (row: ArtifactVersion) => <Chips kind="alias" names={row.aliases.map((alias) => alias.alias)} line />,
          },
        ]),
    { id: "tags", label: "Tags", width: 180, cell: (row) => <Chips kind="tag" names={row.tags} line onChoose={onTag} /> },
    {
      id: "size",
      label: "Size",
      width: 100,
      align: "right",
      sort: orderOf(sort, "size"),
      cell: (row) => <span title={`${row.size} bytes`}>{formatBytes(row.size)}</span>,
    },
    { id: "files", label: "Files", width: 80, align: "right", cell: (row) => formatCount(row.file_count) },
    { id: "created_at", label: "Made", width: 120, sort: orderOf(sort, "created_at"), cell: (row) => <Time at={row.created_at} /> },
    { id: "by", label: "By", width: 120, cell: (row) => <span title={row.created_by}>{row.created_by}</span> },
    { id: "run", label: "Run", width: 160, cell: (row) => <RunLink run={row.run} /> },
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
