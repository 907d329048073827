/** One collection: its versions in a grid of any length, found, gone to, compared, deleted and restored. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { collectionQuery, placeOfVersion, readVersions, versionsKey, type ArtifactVersion, type Collection, type VersionsAsked } from "@/api/artifacts";
import { ApiError } from "@/api/request";
import { formatCount, plural } from "@/base/numbers";
import { turned } from "@/base/order";
import { Limiter } from "@/base/limiter";
import { DeleteCollection } from "@/features/trash";
import { useProjectRights } from "@/model/may";
import { onProject } from "@/model/live";
import { PLACED_ROWS_MAX, usePlaced } from "@/model/placed";
import { useShortcut } from "@/model/shortcuts";
import { toast } from "@/model/toasts";
import { Button, Checkbox } from "@/widgets/controls";
import { CopyButton, describeError, Empty, ErrorPanel, LoadingBar, Skeleton } from "@/widgets/feedback";
import { Grid, type GridHandle } from "@/widgets/grid";
import { SearchText } from "@/widgets/search-text";

import styles from "./artifacts.module.css";
import { Crumbs } from "./crumbs";
import { DeletionsRunning } from "./deletions-running";
import type { VersionsSearch } from "./search";
import { useVersionColumns } from "./version-columns";
import { VersionActions } from "./version-actions";

const AT = "/$entity/$project/artifacts/$type/$collection";

export function CollectionPage() {
  const { entity, project, type, collection: name } = useParams({ from: AT });
  const collection = useQuery(collectionQuery(entity, project, name));
  const navigate = useNavigate({ from: AT });
  const may = useProjectRights(entity, project).write;
  const [leaving, setLeaving] = useState(false);
  if (collection.error instanceof ApiError && collection.error.status === 404) {
    return (
      <Empty title={`There is no artifact '${name}' in ${entity} / ${project}`}>
        <p>It may have been deleted, or you may not be allowed to see it.</p>
        <p>
          <Link to="/$entity/$project/artifacts" params={{ entity, project }}>
            See the project’s artifacts
          </Link>{" "}
          or{" "}
          <Link to="/$entity/$project/artifacts" params={{ entity, project }} search={{ trash: true }}>
            what was deleted
          </Link>
        </p>
      </Empty>
    );
  }
  return (
    <div className={styles["listPage"]}>
      <title>{`${name} · ${project} · Runstone`}</title>
      <div className={styles["listHead"]}>
        <Crumbs entity={entity} project={project} type={type} />
        <div className={styles["bar"]}>
          <h1 title={name}>{name}</h1>
          <CopyButton text={`${entity}/${project}/${name}`} label="Copy the full name" />
          {collection.data && <About collection={collection.data} />}
          <span data-gap />
          {collection.data && (
            <DeleteCollection collection={collection.data} may={may} onDeleting={setLeaving} onDeleted={() => void navigate({ to: "/$entity/$project/artifacts", params: { entity, project } })} />
          )}
        </div>
        {collection.data && collection.data.description !== "" && (
          <p className={styles["described"]} title={collection.data.description}>
            {collection.data.description}
          </p>
        )}
      </div>
      <Versions key={`${entity}/${project}/${name}`} leaving={leaving} />
    </div>
  );
}

function About({ collection }: { collection: Collection }) {
  return (
    <span className={styles["quiet"]}>
      {plural(collection.version_count, "version")}
      {collection.kind === "portfolio" && ", linked from where they were made"}
      {collection.ttl_seconds !== null && collection.ttl_seconds > 0 && `, kept ${formatCount(Math.round(collection.ttl_seconds / 86_400))} days`}
    </span>
  );
}

/** leaving: it is being deleted, so that there is nothing to read again. */
function Versions({ leaving }: { leaving: boolean }) {
  const { entity, project, type, collection } = useParams({ from: AT });
  const search = useSearch({ from: AT });
  const navigate = useNavigate({ from: AT });
  const change = useCallback(
    (next: Partial<VersionsSearch>) => void navigate({ search: (old: VersionsSearch) => ({ ...old, ...next }), replace: true }),
    [navigate],
  );
  const writes = useProjectRights(entity, project).write.allowed;

  const sort = search.sort ?? "-version_index";
  const { find, tag, trash } = search;
  const asked = useMemo<VersionsAsked>(
    () => ({
      sort,
      ...(find !== undefined && { search: find }),
      ...(tag !== undefined && { tag }),
      ...(trash === true && { trash }),
    }),
    [sort, find, tag, trash],
  );
  const found = usePlaced(versionsKey(entity, project, collection, asked), (place, signal) =>
    readVersions(entity, project, collection, asked, place, signal),
  );
  useRefresh(entity, project, collection, !leaving);

  const grid = useRef<GridHandle>(null);
  const input = useRef<HTMLInputElement>(null);
  const goInput = useRef<HTMLInputElement>(null);
  const [chosen, setChosen] = useState<ReadonlyMap<number, ArtifactVersion>>(NONE);
  useEffect(() => setChosen(NONE), [trash]);
  const toggle = useCallback((row: ArtifactVersion) => {
    setChosen((old) => {
      const next = new Map(old);
      if (!next.delete(row.id)) next.set(row.id, row);
      return next;
    });
  }, []);
  const { rows, total } = found;
  const choosing = useMutation({
    mutationFn: () => readVersions(entity, project, collection, asked, { skip: 0, limit: CHOSEN_MAX, count: false }, new AbortController().signal),
    onSuccess: (page) => {
      setChosen(new Map(page.rows.map((row) => [row.id, row])));
      if (page.rows.length < total) toast(`The first ${formatCount(page.rows.length)} of ${formatCount(total)} are selected`);
    },
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  const all = chosen.size > 0 && chosen.size >= Math.min(total, CHOSEN_MAX);
  const chooseAll = () => (all ? setChosen(NONE) : choosing.mutate());
  const goTo = useGoTo(entity, project, collection, asked, grid, search.at, rows.length > 0);

  const open = (row: ArtifactVersion) => {
    if (trash === true) return;
    void navigate({
      to: "/$entity/$project/artifacts/$type/$collection/$version",
      params: { entity, project, type, collection, version: row.version },
    });
  };
  const active = () => rows[grid.current?.active() ?? -1];
  useShortcut("/", "Find versions", "Versions", () => input.current?.focus());
  useShortcut("v", "Go to a version or an alias", "Versions", () => goInput.current?.focus());
  useShortcut("j", "Next version", "Versions", () => grid.current?.move(1));
  useShortcut("k", "Version before", "Versions", () => grid.current?.move(-1));
  useShortcut("x", "Select the version", "Versions", () => {
    const row = active();
    if (row) toggle(row);
  });
  useShortcut("a", "Select all versions that are found, or none", "Versions", chooseAll, total > 0);
  useShortcut("Escape", "Clear the selection", "Versions", () => setChosen(NONE), chosen.size > 0);
  const columns = useVersionColumns({
    place: { entity, project, type, collection },
    sort,
    chosen,
    onChoose: toggle,
    all,
    onAll: chooseAll,
    onTag: (next) => change({ tag: next }),
    trash: trash === true,
  });
  const filtered = find !== undefined || tag !== undefined;
  return (
    <>
      <div className={styles["listBar"]}>
        <SearchText
          ref={input}
          label="Find versions"
          value={find ?? ""}
          onSearch={(text) => change({ find: text === "" ? undefined : text, at: undefined })}
          onLeave={() => grid.current?.focus()}
        />
        <SearchText label="With the tag" value={tag ?? ""} className={styles["short"] ?? ""} onSearch={(text) => change({ tag: text === "" ? undefined : text, at: undefined })} onLeave={() => grid.current?.focus()} />
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const text = goInput.current?.value.trim() ?? "";
            if (text !== "") {
              change({ at: text });
              goTo(text);
            }
          }}
        >
          <input ref={goInput} className={styles["goTo"]} aria-label="Go to a version or an alias" placeholder="Go to v3 or an alias" defaultValue={search.at ?? ""} autoComplete="off" spellCheck={false} />
        </form>
        <Checkbox label="Trash" checked={trash === true} onChange={(event) => change({ trash: event.target.checked ? true : undefined, at: undefined })} />
        <span className={styles["quiet"]} role="status">
          {!found.isPending && (filtered || trash === true) && `${plural(total, "version")}${trash === true ? " in the trash" : " found"}`}
          {total > PLACED_ROWS_MAX && `; the first ${formatCount(PLACED_ROWS_MAX)} are listed: find the others by number, alias or tag`}
        </span>
        {trash === true && (
          <Link to="/$entity/$project/settings" params={{ entity, project }} hash="deletions" className={styles["quiet"]}>
            Deletions of many versions
          </Link>
        )}
        <span data-gap />
        <VersionActions
          place={{ entity, project, type, collection }}
          chosen={chosen}
          tag={tag}
          trash={trash === true}
          total={total}
          writes={writes}
          onDone={() => setChosen(NONE)}
        />
      </div>
      <DeletionsRunning entity={entity} project={project} writes={writes} />
      <div className={styles["listBody"]}>
        {found.isFetching && !found.isPending && <LoadingBar />}
        {found.error ? (
          <ErrorPanel what="The versions could not be read" error={found.error} onRetry={found.refetch} />
        ) : found.isPending ? (
          <Skeleton height={320} />
        ) : total === 0 ? (
          <Nothing filtered={filtered} trash={trash === true} onClear={() => change({ find: undefined, tag: undefined })} />
        ) : (
          <Grid
            ref={grid}
            label="Versions"
            columns={columns}
            rows={rows}
            total={total}
            keyOf={(row) => String(row.id)}
            rowHeight={32}
            selected={(row) => chosen.has(row.id)}
            onSort={(column) => change({ sort: turned(sort, column, "desc"), at: undefined })}
            onOpen={open}
            onRange={found.onRange}
          />
        )}
      </div>
    </>
  );
}

/** As many as are deleted or restored in one act. */
const CHOSEN_MAX = 1000;
const NONE: ReadonlyMap<number, ArtifactVersion> = new Map();

/** Bring a version into sight: as the address says when the page opens, and as one asks. */
function useGoTo(
  entity: string,
  project: string,
  collection: string,
  asked: VersionsAsked,
  grid: React.RefObject<GridHandle | null>,
  at: string | undefined,
  ready: boolean,
): (text: string) => unknown {
  const go = useCallback(
    (text: string) => {
      placeOfVersion(entity, project, collection, asked, text).then(
        (place) => grid.current?.go(place),
        (error: unknown) => toast(describeError(error).message, { tone: "bad" }),
      );
    },
    [entity, project, collection, asked, grid],
  );
  const begun = useRef(false);
  useEffect(() => {
    if (!ready || begun.current) return;
    begun.current = true;
    if (at !== undefined) go(at);
  }, [ready, at, go]);
  // Before there are rows, the address keeps what is asked for, and the effect goes there.
  return useCallback((text: string) => begun.current && go(text), [go]);
}

/** New versions, moved aliases and what went show up by themselves. */
function useRefresh(entity: string, project: string, collection: string, on: boolean): void {
  const queryClient = useQueryClient();
  useEffect(() => {
    if (!on) return undefined;
    const limiter = new Limiter(() => {
      void queryClient.invalidateQueries({ queryKey: ["versions", entity, project, collection] });
      void queryClient.invalidateQueries({ queryKey: ["collection", entity, project, collection] });
    }, 3000);
    const stop = onProject(entity, project, (events) => {
      if (events === null || events.some((event) => event.kind === "artifact" && event.detail["collection"] === collection)) limiter.trigger();
    });
    return () => {
      stop();
      limiter.close();
    };
  }, [entity, project, collection, on, queryClient]);
}

function Nothing({ filtered, trash, onClear }: { filtered: boolean; trash: boolean; onClear: () => void }) {
  if (filtered) {
    return (
      <Empty title={trash ? "Nothing in the trash matches" : "No version matches"}>
        <Button small onClick={onClear}>
          Clear the filter
        </Button>
      </Empty>
    );
  }
  if (trash) {
    return (
      <Empty title="The trash is empty">
        <p>Versions that are deleted, by hand or by policy, lie here for 30 days.</p>
      </Empty>
    );
  }
  return (
    <Empty title="No version is committed yet">
      <p>
        A version shows here once it is logged whole, by <code>run.log_artifact</code>.
      </p>
    </Empty>
  );
}
