/** Markdown that somebody wrote: no HTML of theirs runs, nothing is fetched from elsewhere. Loaded when used. */

import type { ReactNode } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import rehypeKatex from "rehype-katex";
import rehypeSanitize, { defaultSchema } from "rehype-sanitize";
import remarkGfm from "remark-gfm";
import remarkMath from "remark-math";

import styles from "./markdown.module.css";

/** The sanitizer takes classes away, by which formulas are found after it. */
const SCHEMA = {
  ...defaultSchema,
  attributes: {
    ...defaultSchema.attributes,
    code: [...(defaultSchema.attributes?.["code"] ?? []), ["className", "math-inline", "math-display", /^language-./]],
  },
} as typeof defaultSchema;

const COMPONENTS: Components = {
  a: ({ href, children }) => <OutLink url={href ?? ""}>{children}</OutLink>,
  img: ({ src, alt }) => <Picture url={typeof src === "string" ? src : ""} alt={alt ?? ""} />,
};

export function Markdown({ text }: { text: string }) {
  return (
    <div className={styles["markdown"]}>
      <ReactMarkdown
        remarkPlugins={[remarkGfm, remarkMath]}
        rehypePlugins={[
          [rehypeSanitize, SCHEMA],
          [rehypeKatex, { output: "mathml", throwOnError: false, trust: false }],
        ]}
        components={COMPONENTS}
      >
        {text}
      </ReactMarkdown>
    </div>
  );
}

/** Only addresses that a browser opens as pages; whatever else is shown as text. */
export function OutLink({ url, children }: { url: string; children: ReactNode }) {
  if (!/^(https?:|mailto:)/i.test(url)) return <span title={url}>{children}</span>;
  return (
    <a href={url} target="_blank" rel="noreferrer noopener">
      {children}
    </a>
  );
}

/** A picture from elsewhere would tell its host who reads: it is a link. */
export function Picture({ url, alt }: { url: string; alt: string }) {
  if (/^data:image\/(png|jpeg|gif|webp);/i.test(url)) return <img src={url} alt={alt} />;
  return (
    <span className={styles["picture"]}>
      Picture {alt !== "" && `“${alt}” `}at <OutLink url={url}>{url}</OutLink>, not loaded from there.
    </span>
  );
}
