/** Where the nodes of a directed graph stand: in columns, what comes first to the left. */

import { Graph, layout } from "@dagrejs/dagre";

export interface LayoutNode {
  id: string;
  width: number;
  height: number;
}

export interface LayoutEdge {
  from: string;
  to: string;
}

/** Upper left corners, in the order of `nodes`. */
export type Places = readonly { id: string; x: number; y: number }[];

/** Room for the word on an arrow. */
const GAP_ACROSS = 104;
const GAP_DOWN = 16;

/** Edges to nodes that are not there are passed over. */
export function layered(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): Places {
  const graph = new Graph({ multigraph: false });
  graph.setGraph({ rankdir: "LR", ranksep: GAP_ACROSS, nodesep: GAP_DOWN, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) graph.setNode(node.id, { width: node.width, height: node.height });
  for (const edge of edges) {
    if (edge.from !== edge.to && graph.hasNode(edge.from) && graph.hasNode(edge.to)) graph.setEdge(edge.from, edge.to);
  }
  layout(graph);
  return nodes.map((node) => {
    const { x, y } = graph.node(node.id) as { x: number; y: number };
    return { id: node.id, x: x - node.width / 2, y: y - node.height / 2 };
  });
}
