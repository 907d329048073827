/** Lays graphs out beside the page: a few hundred nodes take long enough to be felt. */

import { layered, type LayoutEdge, type LayoutNode, type Places } from "./layout";

export interface LayoutTask {
  number: number;
  nodes: readonly LayoutNode[];
  edges: readonly LayoutEdge[];
}

export interface LayoutDone {
  number: number;
  places: Places;
}

self.onmessage = ({ data }: MessageEvent<LayoutTask>) => {
  const done: LayoutDone = { number: data.number, places: layered(data.nodes, data.edges) };
  self.postMessage(done);
};
