/** A directed graph to look at: drag, zoom by buttons, focus by keyboard. Loaded only where one is shown. */

import "@xyflow/react/dist/base.css";

import {
  Background,
  Controls,
  Handle,
  MarkerType,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  type Edge,
  type Node,
  type NodeProps,
} from "@xyflow/react";
import { useEffect, useMemo, useRef, type ReactNode } from "react";

import { useLayout } from "@/model/graph/use-layout";

import { Skeleton } from "./feedback";
import styles from "./graph.module.css";

export interface GraphNode {
  id: string;
  /** Read aloud. */
  label: string;
  tone: "plain" | "focus" | "locked" | "more";
  content: ReactNode;
}

export interface GraphEdge {
  from: string;
  to: string;
  label?: string;
}

export interface GraphProps {
  label: string;
  /** The same object as long as it says the same. */
  nodes: readonly GraphNode[];
  edges: readonly GraphEdge[];
  onChoose: (id: string) => void;
}

const WIDTH = 232;
const HEIGHT = 58;
const ZOOM_READABLE = 0.8;
const NARROW = 640;

type Shown = Node<{ node: GraphNode }, "thing">;

export default function Graph(props: GraphProps) {
  return (
    <ReactFlowProvider>
      <Flow {...props} />
    </ReactFlowProvider>
  );
}

function Flow({ label, nodes, edges, onChoose }: GraphProps) {
  const sizes = useMemo(() => nodes.map((node) => ({ id: node.id, width: WIDTH, height: HEIGHT })), [nodes]);
  const places = useLayout(sizes, edges);
  const { fitView, getZoom, setCenter } = useReactFlow();
  const frame = useRef<HTMLDivElement>(null);
  const shown = useMemo<Shown[]>(() => {
    const at = new Map(places?.map((place) => [place.id, place]));
    return nodes.flatMap((node) => {
      const place = at.get(node.id);
      if (!place) return [];
      return [
        {
          id: node.id,
          type: "thing" as const,
          position: { x: place.x, y: place.y },
          width: WIDTH,
          height: HEIGHT,
          data: { node },
          ariaLabel: node.label,
          draggable: false,
        },
      ];
    });
  }, [nodes, places]);
  const arrows = useMemo<Edge[]>(
    () =>
      edges.map((edge) => ({
        id: `${edge.from}\n${edge.to}`,
        source: edge.from,
        target: edge.to,
        focusable: false,
        markerEnd: { type: MarkerType.ArrowClosed, width: 16, height: 16 },
        ...(edge.label !== undefined && { label: edge.label }),
      })),
    [edges],
  );
  useEffect(() => {
    if (places === null) return;
    void fitView({ padding: 0.08, maxZoom: 1, minZoom: 0.35 }).then(() => {
      // A whole that nobody could read on a narrow screen gives way to where it began.
      const at = places.find((place) => nodes.some((node) => node.id === place.id && node.tone === "focus"));
      if (!at || getZoom() >= ZOOM_READABLE || (frame.current?.clientWidth ?? NARROW) >= NARROW) return;
      void setCenter(at.x + WIDTH / 2, at.y + HEIGHT / 2, { zoom: ZOOM_READABLE });
    });
  }, [places, nodes, fitView, getZoom, setCenter]);
  if (places === null && nodes.length > 0) return <Skeleton height={240} />;
  return (
    <div ref={frame} className={styles["graph"]} role="region" aria-label={label}>
      <ReactFlow
        nodes={shown}
        edges={arrows}
        nodeTypes={TYPES}
        onNodeClick={(_, node) => onChoose(node.id)}
        onNodesChange={(changes) => {
          // Enter on a focused node selects it: that is how a keyboard chooses.
          for (const change of changes) if (change.type === "select" && change.selected) onChoose(change.id);
        }}
        nodesConnectable={false}
        zoomOnScroll={false}
        preventScrolling={false}
        minZoom={0.2}
        maxZoom={1.5}
        proOptions={{ hideAttribution: true }}
      >
        <Background gap={20} size={1} />
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}

function Thing({ data }: NodeProps<Shown>) {
  return (
    <div className={styles["node"]} data-tone={data.node.tone}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      {data.node.content}
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
}

const TYPES = { thing: Thing };
