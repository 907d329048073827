/** Which prompt is best, and how sure that is; the texts beside their names. */

import { useMemo, useState } from "react";

import type { Sweep, Trial } from "@/api/sweeps";
import { formatNumber, formatValue, plural } from "@/base/numbers";
import { Segments } from "@/widgets/controls";
import { CopyButton } from "@/widgets/feedback";
import table from "@/widgets/table.module.css";

import { promptsOf, rankPrompts, words, type PromptRow } from "./prompts";
import styles from "./sweeps.module.css";

const WAYS = [
  { value: "both", label: "Template × examples" },
  { value: "template", label: "Templates" },
  { value: "fewShot", label: "Examples" },
] as const;
const ROWS_MAX = 50;

export function Prompts({ sweep, trials }: { sweep: Sweep; trials: readonly Trial[] }) {
  const texts = useMemo(() => promptsOf(sweep), [sweep]);
  const both = texts !== null && Object.keys(texts.templates).length > 0 && Object.keys(texts.fewShot).length > 0;
  const [chosen, setChosen] = useState<(typeof WAYS)[number]["value"]>("both");
  const by = both ? chosen : texts && Object.keys(texts.templates).length > 0 ? "template" : "fewShot";
  const rows = useMemo(() => (texts ? rankPrompts(sweep, trials, by) : []), [sweep, trials, texts, by]);
  const objective = sweep.objectives[0];
  if (!texts || !objective || rows.length === 0) return null;
  const ends = rows.flatMap((row) => [row.low ?? row.mean, row.high ?? row.mean]);
  const range: readonly [number, number] = [Math.min(...ends), Math.max(...ends)];
  return (
    <section className={`${styles["panel"]} ${styles["wide"]}`} aria-labelledby="prompts">
      <div className={styles["panelHead"]}>
        <h2 id="prompts">Prompts by {objective.name}</h2>
        {both && <Segments label="Ranked" options={WAYS} value={chosen} onChoose={setChosen} />}
      </div>
      <div className={styles["scroll"]} tabIndex={0} role="region" aria-label="Ranked prompts" style={{ maxHeight: 420 }}>
        <table className={table["table"]}>
          <thead>
            <tr>
              <th scope="col" data-number>
                Rank
              </th>
              {by !== "fewShot" && <th scope="col">Template</th>}
              {by !== "template" && <th scope="col">Examples</th>}
              <th scope="col" data-number>
                Mean
              </th>
              <th scope="col">90 % interval</th>
              <th scope="col" data-number>
                Best
              </th>
              <th scope="col" data-number>
                Trials
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, ROWS_MAX).map((row, at) => (
              <tr key={row.key}>
                <td data-number>{at + 1}</td>
                {by !== "fewShot" && <Text name={row.template} value={texts.templates[row.template]} />}
                {by !== "template" && <Text name={row.fewShot} value={texts.fewShot[row.fewShot]} />}
                <td data-number title={String(row.mean)}>
                  {formatNumber(row.mean)}
                </td>
                <td>
                  <Whisker row={row} range={range} />
                </td>
                <td data-number title={decodingWords(row)}>
                  {formatNumber(row.best)}
                </td>
                <td data-number>{row.count}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className={styles["note"]}>
        {plural(rows.length, "prompt")}, {objective.goal === "maximize" ? "highest" : "lowest"} first by the bad end of the mean’s interval, over all decoding
        parameters that were tried. Where intervals overlap, the order is not settled.
        {rows.length > ROWS_MAX && ` The first ${ROWS_MAX} are shown.`}
      </p>
    </section>
  );
}

function decodingWords(row: PromptRow): string {
  const own = Object.entries(row.decoding).map(([name, value]) => `${name.replace(/^decoding\./, "")} ${formatValue(value)}`);
  return own.length > 0 ? `with ${own.join(", ")}` : String(row.best);
}

function Text({ name, value }: { name: string; value: unknown }) {
  const whole = value === undefined ? "" : words(value);
  return (
    <td data-wrap>
      <strong>{name}</strong> {whole !== "" && <CopyButton text={whole} label={`Copy ${name}`} />}
      {whole !== "" && <pre className={styles["prompt"]} title={whole}>
          {whole}
        </pre>}
    </td>
  );
}

/** The mean as a dot on its interval, all rows over one range. */
function Whisker({ row, range: [lo, hi] }: { row: PromptRow; range: readonly [number, number] }) {
  const place = (value: number) => `${hi > lo ? (100 * (value - lo)) / (hi - lo) : 50}%`;
  const said = row.low === null || row.high === null ? "one trial" : `${formatNumber(row.low)} – ${formatNumber(row.high)}`;
  return (
    <span className={styles["whisker"]}>
      <span aria-hidden>
        {row.low !== null && row.high !== null && <i style={{ left: place(row.low), right: `calc(100% - ${place(row.high)})` }} />}
        <b style={{ left: place(row.mean) }} />
      </span>
      <span>{said}</span>
    </span>
  );
}
