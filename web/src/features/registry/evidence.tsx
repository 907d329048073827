/** Why a version is where it is: the sweep that found it. */

import { Link } from "@tanstack/react-router";

import { formatCount, formatNumber } from "@/base/numbers";
import { sweepEvidence } from "@/model/evidence";

import styles from "./registry.module.css";

/** In a sentence a link is told by more than its colour. */
const UNDERLINED = { textDecoration: "underline" };

export function Evidence({ value }: { value: unknown }) {
  const found = sweepEvidence(value);
  if (!found) return null;
  const { entity, project } = found;
  return (
    <div className={styles["quiet"]}>
      Evidence: trial {found.trial} of sweep{" "}
      <Link to="/$entity/$project/sweeps/$sweep" params={{ entity, project, sweep: found.sweep }} style={UNDERLINED}>
        {found.name}
      </Link>
      {found.objectives.map((one) => `, ${one.name} ${one.value === null ? "" : formatNumber(one.value, 5)}`)}; {found.rule}, {formatCount(found.rank)} of{" "}
      {formatCount(found.of)}
      {found.run !== "" && (
        <>
          {" "}
          ·{" "}
          <Link to="/$entity/$project/runs/$run" params={{ entity, project, run: found.run }} style={UNDERLINED}>
            run {found.run}
          </Link>
        </>
      )}
    </div>
  );
}
