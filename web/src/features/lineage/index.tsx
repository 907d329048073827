/** Which data made this, and who uses it: a graph, and the same facts as a list. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";

import { LINEAGE_NODES_MAX, lineageQuery, type LineageEdge, type LineageNode, type LineageStart } from "@/api/lineage";
import { plural } from "@/base/numbers";
import { Button, Segments } from "@/widgets/controls";
import { Empty, ErrorPanel, LoadingBar, Skeleton } from "@/widgets/feedback";
import type { GraphEdge, GraphNode } from "@/widgets/graph";

import { LineageList } from "./list";
import styles from "./lineage.module.css";
import { kindWords, nameParts, pageOf, placeWords } from "./node";

const Graph = lazy(() => import("@/widgets/graph"));

const DEPTH = 2;
const DEPTH_MAX = 10;
const NARROW = 640;
const SHAPES = [
  { value: "graph", label: "Graph" },
  { value: "list", label: "List" },
] as const;

interface Props {
  start: LineageStart;
  /** undefined: the list where a graph would be too small to read, else the graph */
  list: boolean | undefined;
  onList: (list: boolean) => void;
  /** steps away; undefined: as many as are usual */
  depth: number | undefined;
  onDepth: (depth: number | undefined) => void;
}

export default function Lineage({ start, list: chosen, onList, depth: steps, onDepth }: Props) {
  const list = chosen ?? window.innerWidth < NARROW;
  const depth = Math.min(DEPTH_MAX, Math.max(1, steps ?? DEPTH));
  const setDepth = (next: number) => onDepth(next === DEPTH ? undefined : next);
  const found = useQuery({ ...lineageQuery(start, depth), placeholderData: keepPreviousData });
  const navigate = useNavigate();
  const graph = useMemo(() => (found.data ? drawn(found.data.nodes, found.data.edges) : null), [found.data]);
  if (found.error) return <ErrorPanel what="The lineage could not be read" error={found.error} onRetry={() => void found.refetch()} />;
  if (!found.data || !graph) return <Skeleton height={320} />;
  const choose = (key: string) => {
    const node = found.data.nodes.find((one) => one.key === key);
    const page = node && node.depth !== 0 ? pageOf(node) : null;
    if (page) void navigate({ to: page });
  };
  const locked = found.data.nodes.filter((node) => node.locked).length;
  return (
    <div className={styles["lineage"]}>
      <div className={styles["bar"]}>
        <Segments label="Shown as" options={SHAPES} value={list ? "list" : "graph"} onChoose={(shape) => onList(shape === "list")} />
        <Button small disabled={depth <= 1} onClick={() => setDepth(depth - 1)}>
          Nearer
        </Button>
        <Button small disabled={depth >= DEPTH_MAX || !found.data.truncated} onClick={() => setDepth(depth + 1)}>
          Farther
        </Button>
        <span className={styles["quiet"]} role="status">
          {plural(found.data.nodes.length, "thing")} within {plural(depth, "step")}
          {found.data.truncated && (found.data.nodes.length >= LINEAGE_NODES_MAX ? `, the first ${LINEAGE_NODES_MAX}` : ", and there is more")}
          {locked > 0 && `; ${plural(locked, "is", "are")} not yours to see`}
        </span>
      </div>
      {found.isFetching && <LoadingBar />}
      {found.data.nodes.length === 1 ? (
        <Empty title="Nothing is known before or after it yet">
          <p>
            Runs that call <code>use_artifact</code> and <code>log_artifact</code> are joined here by themselves.
          </p>
        </Empty>
      ) : list ? (
        <LineageList nodes={found.data.nodes} edges={found.data.edges} />
      ) : (
        <Suspense fallback={<Skeleton height={320} />}>
          <Graph label="Lineage" nodes={graph.nodes} edges={graph.edges} onChoose={choose} />
        </Suspense>
      )}
    </div>
  );
}

function NodeName({ node }: { node: LineageNode }) {
  const [name, version] = nameParts(node);
  return (
    <span className={styles["nodeName"]} title={node.name}>
      <span className={styles["name"]}>{name}</span>
      {version !== "" && <strong>{version}</strong>}
    </span>
  );
}

function drawn(nodes: readonly LineageNode[], edges: readonly LineageEdge[]): { nodes: GraphNode[]; edges: GraphEdge[] } {
  return {
    nodes: nodes.map((node) => ({
      id: node.key,
      label: node.locked ? `${kindWords(node)}, not yours to see` : `${kindWords(node)} ${node.name}`,
      tone: node.locked ? ("locked" as const) : node.depth === 0 ? ("focus" as const) : ("plain" as const),
      content: (
        <>
          <span className={styles["kind"]}>{placeWords(node)}</span>
          {node.locked ? <span className={styles["name"]}>not yours to see</span> : <NodeName node={node} />}
        </>
      ),
    })),
    edges: edges.map((edge) => ({ from: edge.source, to: edge.target, label: edge.kind })),
  };
}
