/** What lies in a version: folders, files and references, with a look inside what a browser can show. */

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Download, ExternalLink, File, Folder, X } from "lucide-react";
import { useMemo } from "react";

import { artifactFilesQuery, artifactFileUrl, readArtifactText, type ArtifactFile } from "@/api/artifacts";
import { formatBytes, formatCount, plural } from "@/base/numbers";
import { Button, buttonClass, IconButton } from "@/widgets/controls";
import { CopyButton, ErrorPanel, LoadingBar, Skeleton } from "@/widgets/feedback";
import { arrange, FolderPath } from "@/widgets/folders";
import table from "@/widgets/table.module.css";

import styles from "./artifacts.module.css";
import type { VersionSearch } from "./search";
import { TablePreview } from "./table-preview";
import type { Shown } from "./version";

interface Props {
  shown: Shown;
  search: VersionSearch;
  onChange: (next: Partial<VersionSearch>) => void;
}

export function FilesTab({ shown, search, onChange }: Props) {
  const folder = search.folder ?? "";
  const prefix = folder === "" ? "" : `${folder}/`;
  const found = useInfiniteQuery(artifactFilesQuery(shown.entity, shown.project, shown.artifact, prefix));
  const all = useMemo(() => found.data?.pages.flatMap((page) => page.files) ?? [], [found.data]);
  const { folders, here } = useMemo(() => arrange(all, prefix, (file) => file.path), [all, prefix]);
  const chosen = search.file === undefined ? undefined : all.find((one) => one.path === search.file);
  if (found.error) return <ErrorPanel what="The files could not be read" error={found.error} onRetry={() => void found.refetch()} />;
  if (found.isPending) return <Skeleton height={200} />;
  return (
    <div className={styles["tab"]}>
      <FolderPath root="all files" folder={folder} onFolder={(next) => onChange({ folder: next, file: undefined })} />
      {found.isFetching && <LoadingBar />}
      {all.length === 0 && <p className={styles["quiet"]}>Nothing lies here.</p>}
      {all.length > 0 && (
        <div className={styles["scroll"]}>
          <table className={table["table"]}>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col" data-number>
                  Size
                </th>
                <th scope="col">Digest</th>
                <th scope="col">
                  <span className="visually-hidden">Download</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {folders.map((one) => (
                <tr key={`/${one.name}`}>
                  <td>
                    <button
                      type="button"
                      className={styles["link"]}
                      onClick={() => onChange({ folder: prefix + one.name, file: undefined })}
                    >
                      <Folder size={14} aria-hidden /> {one.name}
                    </button>
                  </td>
                  <td data-number>{formatBytes(one.size)}</td>
                  <td className={styles["quiet"]}>
                    {plural(one.count, "file")}
                    {found.hasNextPage && " so far"}
                  </td>
                  <td />
                </tr>
              ))}
              {here.map((file) => (
                <Row key={file.path} shown={shown} file={file} prefix={prefix} chosen={file === chosen} onChange={onChange} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found.hasNextPage && (
        <div className={styles["bar"]}>
          <Button small disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            More files
          </Button>
          <span className={styles["quiet"]}>
            {formatCount(all.length)} of {folder === "" ? formatCount(shown.version.file_count) : "more"} read
          </span>
        </div>
      )}
      {chosen && <Preview shown={shown} file={chosen} onClose={() => onChange({ file: undefined })} />}
    </div>
  );
}

function Row({ shown, file, prefix, chosen, onChange }: { shown: Shown; file: ArtifactFile; prefix: string; chosen: boolean; onChange: Props["onChange"] }) {
  const name = file.path.slice(prefix.length);
  return (
    <tr data-shown={chosen}>
      <td>
        <button type="button" className={styles["link"]} onClick={() => onChange({ file: file.path })}>
          {file.ref === "" ? <File size={14} aria-hidden /> : <ExternalLink size={14} aria-hidden />} {name}
        </button>
        {file.ref !== "" && (
          <div className={styles["quiet"]}>
            refers to <code>{file.ref}</code> <CopyButton text={file.ref} label={`Copy the address of ${name}`} />
          </div>
        )}
      </td>
      <td data-number title={`${file.size} bytes`}>
        {formatBytes(file.size)}
      </td>
      <td>
        <code title={file.sha256 || file.digest}>{(file.sha256 || file.digest).slice(0, 12)}</code>
      </td>
      <td>
        {file.ref === "" && (
          <a
            href={artifactFileUrl(shown.entity, shown.project, shown.artifact, file.path)}
            download
            aria-label={`Download ${name}`}
            title="Download"
          >
            <Download size={14} aria-hidden />
          </a>
        )}
      </td>
    </tr>
  );
}

const PREVIEW_BYTES_MAX = 1024 * 1024;
const TEXT = /\.(txt|log|md|json|jsonl|ya?ml|toml|ini|cfg|csv|tsv|py|sh|patch|diff|xml|html?|js|ts|css|rst|r|ipynb|lock)$/i;
const IMAGE = /\.(png|jpe?g|gif|webp|bmp|avif)$/i;
const SOUND = /\.(wav|mp3|ogg|flac|m4a)$/i;
const FILM = /\.(mp4|webm|mov)$/i;

function Preview({ shown, file, onClose }: { shown: Shown; file: ArtifactFile; onClose: () => void }) {
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
