/** Blocks of a report. What is not drawn says what it is. */

import { lazy, Suspense, useId, type ReactNode } from "react";

import { plainText, type Block, type Inline } from "@/base/report";
import { CodeBlock, ErrorBoundary, Skeleton } from "@/widgets/feedback";

import { PanelGrid } from "./panels";
import styles from "./reports.module.css";

const Markdown = lazy(() => import("@/widgets/markdown").then((module) => ({ default: module.Markdown })));
const OutLink = lazy(() => import("@/widgets/markdown").then((module) => ({ default: module.OutLink })));
const Picture = lazy(() => import("@/widgets/markdown").then((module) => ({ default: module.Picture })));

export interface BlocksProps {
  blocks: readonly Block[];
  entity: string;
  project: string;
}

export function Blocks({ blocks, entity, project }: BlocksProps) {
  const id = useId();
  const headings = blocks.flatMap((block, at) => (block.kind === "heading" ? [{ block, id: `${id}${at}` }] : []));
  return (
    <>
      {blocks.map((block, at) => (
        <ErrorBoundary key={at} what="This block could not be shown">
          {block.kind === "contents" ? (
            <nav aria-label="Contents" className={styles["contents"]}>
              {headings.map((one) => (
                <button
                  key={one.id}
                  type="button"
                  style={{ paddingLeft: (one.block.level - 1) * 16 }}
                  onClick={() => document.getElementById(one.id)?.scrollIntoView({ block: "start" })}
                >
                  {plainText(one.block.children)}
                </button>
              ))}
            </nav>
          ) : (
            <OneBlock block={block} entity={entity} project={project} id={`${id}${at}`} />
          )}
        </ErrorBoundary>
      ))}
    </>
  );
}

function OneBlock({ block, entity, project, id }: { block: Exclude<Block, { kind: "contents" }>; entity: string; project: string; id: string }) {
  switch (block.kind) {
    case "heading": {
      // The page's own title is the only h1.
      const Tag = block.level <= 1 ? "h2" : block.level === 2 ? "h3" : "h4";
      return (
        <>
          <Tag id={id}>
            <Inlines inlines={block.children} />
          </Tag>
          {block.hidden.length > 0 && (
            <details>
              <summary>Folded under this heading</summary>
              <Blocks blocks={block.hidden} entity={entity} project={project} />
            </details>
          )}
        </>
      );
    }
    case "paragraph":
      return block.children.length === 0 ? null : (
        <p>
          <Inlines inlines={block.children} />
        </p>
      );
    case "quote":
      return (
        <blockquote>
          <Inlines inlines={block.children} />
        </blockquote>
      );
    case "callout":
      return (
        <aside className={styles["callout"]}>
          {block.lines.map((line, at) => (
            <p key={at}>
              <Inlines inlines={line} />
            </p>
          ))}
        </aside>
      );
    case "list": {
      const Tag = block.ordered ? "ol" : "ul";
      return (
        <Tag>
          {block.items.map((item, at) => (
            <li key={at} data-check={item.checked !== undefined}>
              {item.checked !== undefined && <input type="checkbox" checked={item.checked} disabled aria-label={item.checked ? "done" : "open"} />}
              <div>
                <Blocks blocks={item.blocks} entity={entity} project={project} />
              </div>
            </li>
          ))}
        </Tag>
      );
    }
    case "code":
      return <CodeBlock code={block.text} label={block.language === "" ? "code" : `${block.language} code`} />;
    case "markdown":
      return <Formatted text={block.content} />;
    case "math":
      return <Formatted text={`$$\n${block.content}\n$$`} />;
    case "rule":
      return <hr />;
    case "image":
      return (
        <Suspense fallback={<Skeleton height={24} />}>
          <figure>
            <Picture url={block.url} alt={plainText(block.caption)} />
          </figure>
        </Suspense>
      );
    case "panels":
      return <PanelGrid runSets={block.runSets} panels={block.panels} entity={entity} project={project} />;
    case "elsewhere":
      return (
        <p className={styles["unknown"]}>
          A {block.type} from elsewhere, not loaded from there{" "}
          {block.url !== "" && (
            <Suspense fallback={null}>
              <OutLink url={block.url}>{block.url}</OutLink>
            </Suspense>
          )}
        </p>
      );
    case "unknown":
      return <p className={styles["unknown"]}>A block of the type “{block.type}”, which is not shown here. It is kept as it was saved.</p>;
  }
}

export function Formatted({ text }: { text: string }) {
  return (
    <Suspense fallback={<Skeleton height={40} />}>
      <Markdown text={text} />
    </Suspense>
  );
}

function Inlines({ inlines }: { inlines: readonly Inline[] }): ReactNode {
  return inlines.map((one, at) => {
    if (one.kind === "math") return <Formatted key={at} text={`$${one.content}$`} />;
    if (one.kind === "link") {
      return (
        <Suspense key={at} fallback={plainText(one.children)}>
          <OutLink url={one.url}>
            <Inlines inlines={one.children} />
          </OutLink>
        </Suspense>
      );
    }
    let node: ReactNode = one.text;
    for (const mark of one.marks) {
      const Tag = ({ bold: "strong", italic: "em", underline: "u", strike: "s", code: "code" } as const)[mark];
      node = <Tag>{node}</Tag>;
    }
    return <span key={at}>{node}</span>;
  });
}
