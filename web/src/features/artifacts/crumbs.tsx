/** Where a page of an artifact is: all artifacts, those of its type and, below it, the artifact itself. */

import { Link } from "@tanstack/react-router";

import styles from "./artifacts.module.css";

export function Crumbs({ entity, project, type, collection }: { entity: string; project: string; type: string; collection?: string }) {
  return (
    <nav aria-label="Where this is" className={styles["crumbs"]}>
      <Link to="/$entity/$project/artifacts" params={{ entity, project }}>
        Artifacts
      </Link>
      {" / "}
      <Link to="/$entity/$project/artifacts" params={{ entity, project }} search={{ type }}>
        {type}
      </Link>
      {collection !== undefined && (
        <>
          {" / "}
          <Link to="/$entity/$project/artifacts/$type/$collection" params={{ entity, project, type, collection }}>
            {collection}
          </Link>
        </>
      )}
    </nav>
  );
}
