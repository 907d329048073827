/** Why a version is where it is: the sweep that found it. */

import { Link } from "@tanstack/react-router";

import { formatCount, formatNumber } from "@/base/numbers";
import { otherEvidence, sweepEvidence } from "@/model/evidence";

import styles from "./registry.module.css";

/** In a sentence a link is told by more than its colour. */
const UNDERLINED = { textDecoration: "underline" };

/** What else speaks for a promotion (a gate, an evaluation): names and values as they were said. */
export function OtherEvidence({ value }: { value: unknown }) {
  const facts = otherEvidence(value);
  if (facts.length === 0) return null;
  return (
    <dl className={styles["facts"]} aria-label="Evidence">
      {facts.map((fact) => (
        <div key={fact.name}>
          <dt>{fact.name}</dt>
          <dd>{fact.value}</dd>
        </div>
      ))}
    </dl>
  );
}

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
