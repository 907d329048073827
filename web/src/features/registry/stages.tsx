/** What stands at each stage now, since when, by whom, and the two ways on. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { standingQuery } from "@/api/artifacts";
import type { ProjectRights } from "@/api/types";
import { plural } from "@/base/numbers";
import { Button } from "@/widgets/controls";
import { CopyButton, ErrorPanel, Skeleton } from "@/widgets/feedback";
import { Time } from "@/widgets/values";

import type { Where } from "./collection";
import styles from "./registry.module.css";

const OTHERS_SHOWN = 20;

export function Stages({
  where,
  type,
  empty,
  protectedAliases,
  approvals,
  may,
  onRollback,
  onPromote,
}: {
  where: Where;
  type: string;
  /** nothing is linked that could be promoted */
  empty: boolean;
  protectedAliases: readonly string[];
  /** how many a protected alias takes; with any, promoting it is asking for them */
  approvals: number;
  may: ProjectRights;
  onRollback: (alias: string) => void;
  onPromote: (alias: string) => void;
}) {
  const { entity, project, collection } = where;
  const found = useQuery(standingQuery(entity, project, collection));
  if (found.error) return <ErrorPanel what="What stands where could not be read" error={found.error} onRetry={() => void found.refetch()} />;
  if (!found.data) return <Skeleton height={120} />;
  const { aliases } = found.data;
  const others = aliases.map((one) => one.alias).filter((alias) => alias !== "latest" && !protectedAliases.includes(alias));
  return (
    <>
      <div className={styles["stages"]}>
        {[...protectedAliases, ...others.slice(0, OTHERS_SHOWN)].map((stage) => {
          const one = aliases.find((standing) => standing.alias === stage);
          const guarded = protectedAliases.includes(stage);
          const digest = one ? one.digest || one.sha256 : "";
          return (
            <section key={stage} className={styles["stage"]} aria-label={stage}>
              <h3 title={stage}>
                {stage}
                {guarded && <span className={styles["quiet"]}> protected</span>}
              </h3>
              {one ? (
                <>
                  <span className={styles["digest"]}>
                    <Link
                      to="/$entity/$project/artifacts/$type/$collection/$version"
                      params={{ entity, project, type, collection, version: one.version }}
                    >
                      <strong>{one.version}</strong>
                    </Link>
                    <code title={digest}>{digest.slice(0, 10)}</code>
                    <CopyButton text={digest} label={`Copy the digest of ${one.version}`} />
                  </span>
                  <span className={styles["quiet"]}>
                    since <Time at={one.set_at} /> by {one.set_by || "the server"}
                    {one.reason !== "" && <>: {one.reason}</>}
                  </span>
                </>
              ) : (
                <span className={styles["quiet"]}>No version stands here.</span>
              )}
              <div>
                <Button small may={guarded && approvals === 0 ? may.move_protected : may.write} disabled={empty} onClick={() => onPromote(stage)}>
                  Promote…
                </Button>
                {one && (
                  <Button small may={guarded ? may.roll_back_protected : may.write} onClick={() => onRollback(stage)}>
                    Roll back…
                  </Button>
                )}
              </div>
            </section>
          );
        })}
      </div>
      {others.length > OTHERS_SHOWN && <p className={styles["quiet"]}>and {plural(others.length - OTHERS_SHOWN, "alias", "aliases")} more</p>}
    </>
  );
}
