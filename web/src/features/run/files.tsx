/** The run's files as folders, with a look inside what a browser can show safely. */

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Download, File, Folder, X } from "lucide-react";
import { useState } from "react";

import { filesQuery, fileUrl, readFileText, type RunFile } from "@/api/files";
import type { Run } from "@/api/types";
import { formatBytes, plural } from "@/base/numbers";
import { Button, buttonClass, IconButton } from "@/widgets/controls";
import { CopyButton, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { arrange, FolderPath } from "@/widgets/folders";
import { Time } from "@/widgets/values";

import styles from "./page.module.css";

const PREVIEW_BYTES_MAX = 1024 * 1024;

export function FilesTab({ run, folder, onFolder }: { run: Run; folder: string; onFolder: (folder: string | undefined) => void }) {
  const [chosen, setChosen] = useState<RunFile | null>(null);
  const prefix = folder === "" ? "" : `${folder}/`;
  const files = useInfiniteQuery(filesQuery(run.entity, run.project, run.id, prefix));
  if (files.error) {
    return <ErrorPanel what="The files could not be read" error={files.error} onRetry={() => void files.refetch()} />;
  }
  if (files.isPending) return <Skeleton height={160} />;
  const all = files.data.pages.flatMap((page) => page.files);
  const { folders, here } = arrange(all, prefix, (file) => file.name);
  if (all.length === 0 && folder === "") {
    return (
      <p className={styles["none"]}>
        The run has no files. Save some with <code>run.save("model.pt")</code>, or log images and tables.
      </p>
    );
  }
  return (
    <div className={styles["files"]}>
      <FolderPath root="files" folder={folder} onFolder={onFolder} />
      <table>
        <thead>
          <tr>
            <th>Name</th>
            <th>Size</th>
            <th>Changed</th>
            <th>
              <span className="visually-hidden">Download</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {folders.map((one) => (
            <tr key={`/${one.name}`}>
              <td>
                <button type="button" className={styles["folder"]} onClick={() => onFolder(prefix + one.name)}>
                  <Folder size={14} aria-hidden /> {one.name}
                </button>
              </td>
              <td>{formatBytes(one.size)}</td>
              <td>{plural(one.count, "file")}</td>
              <td />
            </tr>
          ))}
          {here.map((file) => (
            <tr key={file.name}>
              <td>
                <button type="button" className={styles["folder"]} onClick={() => setChosen(file)}>
                  <File size={14} aria-hidden /> {file.name.slice(prefix.length)}
                </button>
              </td>
              <td title={`${file.size} bytes`}>{formatBytes(file.size)}</td>
              <td>
                <Time at={file.updated_at} />
              </td>
              <td>
                <a
                  href={fileUrl(run.entity, run.project, run.id, file.name)}
                  download
                  aria-label={`Download ${file.name}`}
                  title="Download"
                >
                  <Download size={14} aria-hidden />
                </a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {files.hasNextPage && (
        <Button small onClick={() => void files.fetchNextPage()} disabled={files.isFetchingNextPage}>
          More files
        </Button>
      )}
      {chosen && <Preview run={run} file={chosen} onClose={() => setChosen(null)} />}
    </div>
  );
}

function Preview({ run, file, onClose }: { run: Run; file: RunFile; onClose: () => void }) {
  const url = fileUrl(run.entity, run.project, run.id, file.name, true);
  return (
    <section className={styles["preview"]} aria-label={`Preview of ${file.name}`}>
      <div className={styles["previewHead"]}>
        <strong>{file.name}</strong>
        <code title={file.sha256}>sha256 {file.sha256.slice(0, 12)}…</code>
        <CopyButton text={file.sha256} label="Copy the SHA-256" />
        <a className={buttonClass} href={fileUrl(run.entity, run.project, run.id, file.name)} download>
          <Download size={14} aria-hidden /> Download
        </a>
        <IconButton small label="Close the preview" onClick={onClose}>
          <X size={14} aria-hidden />
        </IconButton>
      </div>
      <Content run={run} url={url} file={file} />
    </section>
  );
}

function Content({ run, url, file }: { run: Run; url: string; file: RunFile }) {
  const type = file.mimetype;
  if (type.startsWith("image/") && type !== "image/svg+xml") return <img src={url} alt={file.name} />;
  if (type.startsWith("audio/")) return <audio controls src={url} />;
  if (type.startsWith("video/")) return <video controls src={url} />;
  if (!looksLikeText(file)) {
    return <p className={styles["none"]}>There is no preview for {type || "this kind of file"}. Download it to look inside.</p>;
  }
  if (file.size > PREVIEW_BYTES_MAX) {
    return <p className={styles["none"]}>{formatBytes(file.size)} are too much for a preview. Download it to read it.</p>;
  }
  return <TextContent run={run} name={file.name} digest={file.sha256} />;
}

function TextContent({ run, name, digest }: { run: Run; name: string; digest: string }) {
  const text = useQuery({
    queryKey: ["file-text", run.entity, run.project, run.id, name, digest],
    queryFn: ({ signal }) => readFileText(run.entity, run.project, run.id, name, signal),
  });
  if (text.error) return <ErrorPanel what="The file could not be read" error={text.error} onRetry={() => void text.refetch()} />;
  if (text.data === undefined) return <Skeleton height={120} />;
  return (
    <pre tabIndex={0} aria-label={name}>
      {text.data}
    </pre>
  );
}

const TEXT_NAMES = /\.(txt|log|md|json|jsonl|ya?ml|toml|ini|cfg|csv|tsv|py|sh|patch|diff|xml|html?|js|ts|css|rst|r|ipynb)$/i;

function looksLikeText(file: RunFile): boolean {
  return file.mimetype.startsWith("text/") || /json|yaml|xml|toml/.test(file.mimetype) || TEXT_NAMES.test(file.name);
}
