/** What lies in a version, folder by folder, with a search over all paths and a look inside. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { Download, ExternalLink, File, Folder } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent, type RefObject } from "react";

import { artifactFileUrl, artifactFolderQuery, artifactSearchQuery, type ArtifactFile, type FolderEntry } from "@/api/artifacts";
import { formatBytes, formatCount, plural } from "@/base/numbers";
import { useShortcut } from "@/model/shortcuts";
import { SearchInput } from "@/widgets/controls";
import { CopyButton, ErrorPanel, LoadingBar, Skeleton } from "@/widgets/feedback";
import { FolderPath } from "@/widgets/folders";
import { Grid, type GridColumn, type GridHandle } from "@/widgets/grid";

import styles from "./artifacts.module.css";
import { Preview } from "./preview";
import type { VersionSearch } from "./search";
import type { Shown } from "./version";

interface Props {
  shown: Shown;
  search: VersionSearch;
  /** A function gets the address as it is by then, which may be ahead of the page. */
  onChange: (next: Partial<VersionSearch> | ((old: VersionSearch) => Partial<VersionSearch>)) => void;
}

type Row = { path: string; folder: FolderEntry; file?: undefined } | { path: string; file: ArtifactFile; folder?: undefined };

const ROW = 32;
const ROWS_SHOWN_MAX = 16;

export function FilesTab({ shown, search, onChange }: Props) {
  const folder = search.folder ?? "";
  const prefix = folder === "" ? "" : `${folder}/`;
  const text = search.find ?? "";
  const [typed, setTyped] = useState(text);
  const [known, setKnown] = useState(text);
  if (known !== text) {
    setKnown(text);
    setTyped(text);
  }
  useEffect(() => {
    if (typed === text) return undefined;
    const timer = setTimeout(() => onChange({ find: typed === "" ? undefined : typed }), 250);
    return () => clearTimeout(timer);
  }, [typed, text, onChange]);
  const listed = useInfiniteQuery({ ...artifactFolderQuery(shown.entity, shown.project, shown.artifact, prefix), enabled: text === "" });
  const searched = useInfiniteQuery({
    ...artifactSearchQuery(shown.entity, shown.project, shown.artifact, prefix, text),
    enabled: text !== "",
  });
  const found = text === "" ? listed : searched;
  const rows = useMemo(() => rowsOf(found.data?.pages ?? []), [found.data]);
  const { hasNextPage, isFetching, fetchNextPage } = found;
  const more = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  // A page may hold nothing while there is more: go on until there is something to see.
  useEffect(() => {
    if (rows.length < ROWS_SHOWN_MAX) more();
  }, [rows.length, more]);

  const grid = useRef<GridHandle>(null);
  const steps = useRef(false);
  const open = (row: Row) => {
    if (row.file) onChange({ file: row.path });
    else {
      steps.current = true;
      onChange({ folder: row.path.slice(0, -1), file: undefined });
    }
  };
  const up = () => {
    if (folder === "") return;
    steps.current = true;
    // Pressed twice before the page follows, it goes up twice.
    onChange(({ folder: from = "" }) => ({ folder: from.includes("/") ? from.slice(0, from.lastIndexOf("/")) : undefined, file: undefined }));
  };
  useShortcut("Backspace", "Up a folder", "Files", up, folder !== "");
  const below = listed.data?.pages[0]?.below;
  return (
    <div
      className={styles["tab"]}
      onKeyDown={(event: KeyboardEvent) => {
        if (event.key === "Escape" && search.file !== undefined) {
          onChange({ file: undefined });
          grid.current?.focus();
        }
      }}
    >
      <div className={styles["bar"]}>
        <FolderPath root="all files" folder={folder} onFolder={(next) => onChange({ folder: next, file: undefined })} />
        {below && text === "" && (
          <span className={styles["quiet"]} title={`${below.bytes} bytes`}>
            {plural(below.files, "file")}, {formatBytes(below.bytes)}
          </span>
        )}
        <span data-gap />
        <SearchInput
          label={folder === "" ? "Find files by path" : `Find files below ${folder}`}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </div>
      {text !== "" && found.isSuccess && (
        <p role="status" className={styles["quiet"]} style={{ margin: 0 }}>
          {plural(rows.length, "file")} of {formatCount(searchedOf(searched.data?.pages ?? []))} looked at
          {found.hasNextPage ? ", and more to come." : "."}
        </p>
      )}
      {found.error && <ErrorPanel what="The files could not be read" error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Skeleton height={200} />}
      {found.isFetching && !found.isPending && <LoadingBar />}
      {found.isSuccess && rows.length === 0 && !found.hasNextPage && (
        <p className={styles["quiet"]}>{text === "" ? "Nothing lies here." : `No path holds “${text}”.`}</p>
      )}
      {rows.length > 0 && (
        <FileGrid
          key={`${prefix} ${text}`}
          grid={grid}
          takesFocus={steps}
          shown={shown}
          rows={rows}
          prefix={prefix}
          total={hasNextPage ? -2 : rows.length}
          chosen={search.file}
          onOpen={open}
          onUp={up}
          onEnd={more}
        />
      )}
      {rows.length > 0 && (
        <p className={styles["quiet"]} style={{ margin: 0 }}>
          {hasNextPage ? `The first ${formatCount(rows.length)}; more are read as you go down.` : `${formatCount(rows.length)} here.`} Enter opens,
          Backspace goes up{search.file !== undefined && ", Escape closes the preview"}.
        </p>
      )}
      {search.file !== undefined && <Preview shown={shown} path={search.file} onClose={() => onChange({ file: undefined })} />}
    </div>
  );
}

function FileGrid({
  shown,
  rows,
  prefix,
  total,
  chosen,
  onOpen,
  onUp,
  onEnd,
  grid,
  takesFocus,
}: {
  shown: Shown;
  rows: readonly Row[];
  prefix: string;
  /** -2: unknown, which ARIA writes as a row count of -1 */
  total: number;
  chosen: string | undefined;
  onOpen: (row: Row) => void;
  onUp: () => void;
  onEnd: () => void;
  grid: RefObject<GridHandle | null>;
  /** who walks by keys stays in the list when it becomes that of another folder */
  takesFocus: RefObject<boolean>;
}) {
  const [width, setWidth] = useState(0);
  const room = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!room.current) return undefined;
    const watch = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    watch.observe(room.current);
    return () => watch.disconnect();
  }, []);
  const drawn = width > 0;
  useEffect(() => {
    if (!drawn || !takesFocus.current) return;
    takesFocus.current = false;
    grid.current?.focus();
  }, [drawn, grid, takesFocus]);
  const narrow = width < 600;
  const columns: GridColumn<Row>[] = [
    {
      id: "name",
      label: "Name",
      width: Math.max(200, width - (narrow ? 130 : 380)),
      pinned: true,
      cell: (row) => <Name row={row} prefix={prefix} onOpen={onOpen} />,
    },
    {
      id: "size",
      label: "Size",
      width: 90,
      align: "right",
      cell: ({ file, folder }) => <span title={`${file?.size ?? folder?.bytes ?? 0} bytes`}>{formatBytes(file?.size ?? folder?.bytes ?? 0)}</span>,
    },
    ...(narrow
      ? []
      : [
          {
            id: "what",
            label: "Files or digest",
            width: 250,
            cell: ({ file, folder }: Row) =>
              folder ? (
                <span>{plural(folder.files, "file")}</span>
              ) : file.ref !== "" ? (
                <span title={file.ref}>
                  <CopyButton text={file.ref} label={`Copy the address of ${file.path}`} /> <code>{file.ref}</code>
                </span>
              ) : (
                <code title={file.sha256 || file.digest}>{(file.sha256 || file.digest).slice(0, 12)}</code>
              ),
          },
        ]),
    {
      id: "download",
      label: "Download",
      header: <span className="visually-hidden">Download</span>,
      width: 40,
      cell: ({ file }) =>
        file?.ref === "" && (
          <a
            href={artifactFileUrl(shown.entity, shown.project, shown.artifact, file.path)}
            download
            aria-label={`Download ${file.path}`}
            title="Download"
            tabIndex={-1}
          >
            <Download size={14} aria-hidden />
          </a>
        ),
    },
  ];
  return (
    <div ref={room} style={{ height: ROW * (Math.min(rows.length, ROWS_SHOWN_MAX) + 1) + 16, minWidth: 0 }}>
      {drawn && (
        <Grid
          ref={grid}
          label="Files"
          columns={columns}
          rows={rows}
          total={total}
          keyOf={(row) => row.path}
          rowHeight={ROW}
          selected={(row) => row.path === chosen}
          onOpen={onOpen}
          onKey={(key, row) => {
            if (key === "Backspace") onUp();
            else if (key === " ") onOpen(row);
            else return false;
            return true;
          }}
          onEnd={onEnd}
        />
      )}
    </div>
  );
}

function Name({ row, prefix, onOpen }: { row: Row; prefix: string; onOpen: (row: Row) => void }) {
  const name = row.path.slice(prefix.length);
  const Icon = row.folder ? Folder : row.file.ref === "" ? File : ExternalLink;
  return (
    <button type="button" tabIndex={-1} className={styles["link"]} title={row.path} onClick={() => onOpen(row)}>
      <Icon size={14} aria-hidden /> <span>{row.folder ? name.slice(0, -1) : name}</span>
    </button>
  );
}

function rowsOf(pages: readonly { folders?: FolderEntry[]; files: ArtifactFile[] }[]): Row[] {
  return pages.flatMap((page): Row[] => [
    ...(page.folders ?? []).map((folder) => ({ path: folder.path, folder })),
    ...page.files.map((file) => ({ path: file.path, file })),
  ]);
}

function searchedOf(pages: readonly { searched?: number | null }[]): number {
  return pages.reduce((sum, page) => sum + (page.searched ?? 0), 0);
}
