/** The same facts as the graph, in words: what lies before, then what lies after. */

import { Link } from "@tanstack/react-router";
import { Lock } from "lucide-react";

import type { LineageEdge, LineageNode } from "@/api/lineage";
import { Time } from "@/widgets/values";

import styles from "./lineage.module.css";
import { kindWords, pageOf } from "./node";

export function LineageList({ nodes, edges }: { nodes: readonly LineageNode[]; edges: readonly LineageEdge[] }) {
  const before = nodes.filter((node) => node.depth < 0).sort((a, b) => b.depth - a.depth);
  const after = nodes.filter((node) => node.depth > 0).sort((a, b) => a.depth - b.depth);
  return (
    <div className={styles["lists"]}>
      <Part title="Made from" nodes={before} all={nodes} edges={edges} />
      <Part title="Made of it" nodes={after} all={nodes} edges={edges} />
    </div>
  );
}

function Part({ title, nodes, all, edges }: { title: string; nodes: readonly LineageNode[]; all: readonly LineageNode[]; edges: readonly LineageEdge[] }) {
  const byKey = new Map(all.map((node) => [node.key, node]));
  const name = (key: string) => {
    const node = byKey.get(key);
    return node === undefined || node.locked ? "something hidden" : node.label || node.name;
  };
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {nodes.length === 0 && <p className={styles["quiet"]}>Nothing that is known.</p>}
      <ul className={styles["list"]}>
        {nodes.map((node) => (
          <li key={node.key}>
            <span className={styles["kind"]}>
              {Math.abs(node.depth)} · {kindWords(node)}
            </span>
            <span>
              <Name node={node} />
              {edges
                .filter((edge) => (node.depth < 0 ? edge.source === node.key : edge.target === node.key))
                .map((edge) => (
                  <span key={`${edge.source} ${edge.target} ${edge.kind}`} className={styles["quiet"]}>
                    {" "}
                    {edge.kind} {node.depth < 0 ? `→ ${name(edge.target)}` : `← ${name(edge.source)}`}
                  </span>
                ))}
            </span>
            {!node.locked && node.created_at > 0 && (
              <span className={styles["quiet"]}>
                <Time at={node.created_at} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Name({ node }: { node: LineageNode }) {
  if (node.locked) {
    return (
      <span className={styles["locked"]}>
        <Lock size={12} aria-hidden /> not yours to see
      </span>
    );
  }
  const page = pageOf(node);
  return page === null ? <span>{node.name}</span> : <Link to={page}>{node.name}</Link>;
}
