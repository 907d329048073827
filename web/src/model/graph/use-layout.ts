/** The places of a graph's nodes, from the worker; the last ones stay until the next are there. */

import { useEffect, useRef, useState } from "react";

import type { LayoutEdge, LayoutNode, Places } from "./layout";
import type { LayoutDone, LayoutTask } from "./layout.worker";

/** nodes and edges: the same objects as long as they say the same. null: not laid out yet. */
export function useLayout(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): Places | null {
  const [places, setPlaces] = useState<Places | null>(null);
  const worker = useRef<Worker | null>(null);
  const asked = useRef(0);
  useEffect(() => {
    const made = new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module", name: "layout" });
    made.onmessage = ({ data }: MessageEvent<LayoutDone>) => {
      if (data.number === asked.current) setPlaces(data.places);
    };
    worker.current = made;
    return () => {
      worker.current = null;
      made.terminate();
    };
  }, []);
  useEffect(() => {
    asked.current += 1;
    const task: LayoutTask = { number: asked.current, nodes, edges };
    worker.current?.postMessage(task);
  }, [nodes, edges]);
  return places;
}
