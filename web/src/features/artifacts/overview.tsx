/** What a version is, what it should have and lacks, where else it is known, and how to get it. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { membersQuery, patchVersion, versionQuery } from "@/api/artifacts";
import { useProjectRights } from "@/model/may";
import { toast } from "@/model/toasts";
import { Button, TextArea } from "@/widgets/controls";
import { CodeBlock, CopyButton, describeError } from "@/widgets/feedback";

import styles from "./artifacts.module.css";
import { Chips } from "./chips";
import { Facts } from "./facts";
import type { Shown } from "./version";

export function OverviewTab({ shown }: { shown: Shown }) {
  const { version } = shown;
  return (
    <div className={styles["columns"]}>
      <div className={styles["section"]}>
        <Description shown={shown} />
        <Facts facts={version.facts} type={version.type} />
      </div>
      <div className={styles["section"]}>
        <h2>Use it</h2>
        <Usage shown={shown} />
        <h2>Identity</h2>
        <dl className={styles["facts"]}>
          <dt>Made as</dt>
          <dd>
            <code>{version.source}</code>
          </dd>
          <dt>Digest</dt>
          <dd>
            <code>{version.digest || version.sha256}</code> <CopyButton text={version.digest || version.sha256} label="Copy the digest" />
          </dd>
          {version.sha256 !== "" && version.digest !== "" && (
            <>
              <dt>Manifest SHA-256</dt>
              <dd>
                <code>{version.sha256}</code> <CopyButton text={version.sha256} label="Copy the SHA-256" />
              </dd>
            </>
          )}
          {version.tags.length > 0 && (
            <>
              <dt>Tags</dt>
              <dd>
                <Chips kind="tag" names={version.tags} />
              </dd>
            </>
          )}
        </dl>
        <Members shown={shown} />
      </div>
    </div>
  );
}

function Description({ shown }: { shown: Shown }) {
  const { entity, project, artifact, version } = shown;
  // What is said of a version belongs to where it was made, also where it is seen in a registry.
  const [owner = "", place = ""] = version.source.split("/");
  const may = useProjectRights(owner, place).write;
  const [draft, setDraft] = useState<string | null>(null);
  const queryClient = useQueryClient();
  const save = useMutation({
    mutationFn: (description: string) => patchVersion(entity, project, artifact, { description }),
    onSuccess: (changed) => {
      queryClient.setQueryData(versionQuery(entity, project, artifact).queryKey, changed);
      setDraft(null);
    },
    onError: (error) => toast(describeError(error).message, { tone: "bad" }),
  });
  return (
    <>
      <h2>Description</h2>
      {draft === null ? (
        <div>
          <p style={{ margin: "0 0 8px", whiteSpace: "pre-wrap" }}>{version.description || <span className={styles["quiet"]}>None yet.</span>}</p>
          <Button small may={may} onClick={() => setDraft(version.description)}>
            {version.description === "" ? "Describe it" : "Change"}
          </Button>
        </div>
      ) : (
        <div className={styles["section"]}>
          <TextArea aria-label="Description" rows={4} value={draft} autoFocus onChange={(event) => setDraft(event.target.value)} />
          <div className={styles["chips"]}>
            <Button small tone="primary" disabled={save.isPending} onClick={() => save.mutate(draft)}>
              Save
            </Button>
            <Button small onClick={() => setDraft(null)}>
              Cancel
            </Button>
          </div>
        </div>
      )}
    </>
  );
}

function Usage({ shown }: { shown: Shown }) {
  const { entity, project, artifact } = shown;
  const name = `${entity}/${project}/${artifact}`;
  const script = `import runstone

with runstone.init(project="${project}") as run:
    folder = run.use_artifact("${name}").download()`;
  return (
    <>
      <CodeBlock label="script" code={script} />
      <CodeBlock label="command" code={`runstone artifact get ${name}`} />
    </>
  );
}

function Members({ shown }: { shown: Shown }) {
  const { entity, project, artifact, version } = shown;
  const members = useQuery(membersQuery(entity, project, artifact));
  const others = members.data?.versions.filter((one) => `${one.within}/${one.name}` !== `${entity}/${project}/${version.name}`) ?? [];
  if (others.length === 0) return null;
  return (
    <>
      <h2>Also known as</h2>
      <ul>
        {others.map((one) => {
          const [owner = "", within = ""] = one.within.split("/");
          return (
            <li key={`${one.within}/${one.name}`}>
              <Link
                to="/$entity/$project/artifacts/$type/$collection/$version"
                params={{ entity: owner, project: within, type: one.type, collection: one.collection, version: one.version }}
              >
                {one.within}/{one.name}
              </Link>{" "}
              <Chips kind="alias" names={one.aliases.map((alias) => alias.alias)} />
            </li>
          );
        })}
      </ul>
    </>
  );
}
