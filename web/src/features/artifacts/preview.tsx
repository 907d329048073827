/** A look inside a file, as far as a browser can show it. */

import { useQuery } from "@tanstack/react-query";
import { Download, X } from "lucide-react";

import { artifactFileQuery, artifactFileUrl, readArtifactText, type ArtifactFile } from "@/api/artifacts";
import { formatBytes } from "@/base/numbers";
import { buttonClass, IconButton } from "@/widgets/controls";
import { CopyButton, ErrorPanel, Skeleton } from "@/widgets/feedback";

import styles from "./artifacts.module.css";
import { TablePreview } from "./table-preview";
import type { Shown } from "./version";

const PREVIEW_BYTES_MAX = 1024 * 1024;
const TEXT = /\.(txt|log|md|json|jsonl|ya?ml|toml|ini|cfg|csv|tsv|py|sh|patch|diff|xml|html?|js|ts|css|rst|r|ipynb|lock)$/i;
const IMAGE = /\.(png|jpe?g|gif|webp|bmp|avif)$/i;
const SOUND = /\.(wav|mp3|ogg|flac|m4a)$/i;
const FILM = /\.(mp4|webm|mov)$/i;

/** Of the file of that path, which an address may name though it lies on no page that was read. */
export function Preview({ shown, path, onClose }: { shown: Shown; path: string; onClose: () => void }) {
  const found = useQuery(artifactFileQuery(shown.entity, shown.project, shown.artifact, path));
  if (found.error) return <ErrorPanel what="The file could not be read" error={found.error} onRetry={() => void found.refetch()} />;
  if (found.data === undefined) return <Skeleton height={160} />;
  if (found.data === null) {
    return (
      <p role="status" className={styles["quiet"]}>
        There is no file {path} in {shown.artifact}.
      </p>
    );
  }
  return <Looked shown={shown} file={found.data} onClose={onClose} />;
}

function Looked({ shown, file, onClose }: { shown: Shown; file: ArtifactFile; onClose: () => void }) {
  return (
    <section className={styles["preview"]} aria-label={`Preview of ${file.path}`}>
      <div className={styles["previewHead"]}>
        <strong>{file.path}</strong>
        {file.sha256 !== "" && (
          <>
            <code title={file.sha256}>sha256 {file.sha256.slice(0, 12)}…</code>
            <CopyButton text={file.sha256} label="Copy the SHA-256" />
          </>
        )}
        {file.ref === "" && (
          <a className={buttonClass} href={artifactFileUrl(shown.entity, shown.project, shown.artifact, file.path)} download>
            <Download size={14} aria-hidden /> Download
          </a>
        )}
        <IconButton small label="Close the preview" onClick={onClose}>
          <X size={14} aria-hidden />
        </IconButton>
      </div>
      <Content shown={shown} file={file} />
    </section>
  );
}

function Content({ shown, file }: { shown: Shown; file: ArtifactFile }) {
  const url = artifactFileUrl(shown.entity, shown.project, shown.artifact, file.path, true);
  if (file.ref !== "") {
    return (
      <p className={styles["quiet"]}>
        Its bytes lie at <code>{file.ref}</code>, and the server never fetches them. {file.digest !== "" && <>Pinned by <code>{file.digest}</code>.</>}
      </p>
    );
  }
  if (IMAGE.test(file.path)) return <img src={url} alt={file.path} />;
  if (SOUND.test(file.path)) return <audio controls src={url} />;
  if (FILM.test(file.path)) return <video controls src={url} />;
  if (!TEXT.test(file.path)) return <p className={styles["quiet"]}>There is no preview for this kind of file. Download it to look inside.</p>;
  if (file.size > PREVIEW_BYTES_MAX) {
    return <p className={styles["quiet"]}>{formatBytes(file.size)} are too much for a preview. Download it to read it.</p>;
  }
  return <TextContent shown={shown} file={file} />;
}

function TextContent({ shown, file }: { shown: Shown; file: ArtifactFile }) {
  const text = useQuery({
    queryKey: ["artifact-text", shown.entity, shown.project, file.sha256],
    queryFn: ({ signal }) => readArtifactText(shown.entity, shown.project, shown.artifact, file.path, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (text.error) return <ErrorPanel what="The file could not be read" error={text.error} onRetry={() => void text.refetch()} />;
  if (text.data === undefined) return <Skeleton height={120} />;
  if (/\.table\.json$|\.csv$|\.tsv$/i.test(file.path)) return <TablePreview path={file.path} text={text.data} />;
  return (
    <pre tabIndex={0} aria-label={file.path}>
      {text.data}
    </pre>
  );
}
