/** What is known of a version by its type: a data set's schema and preprocessing, a model's parts. */

import { asNumber, asRecord, asString } from "@/base/parse";
import { formatCount } from "@/base/numbers";
import table from "@/widgets/table.module.css";

import styles from "./artifacts.module.css";

const COLUMNS_MAX = 500;
const TABLES_MAX = 20;

/** facts: `{schema?, preprocessing?, roles?}`, looked at before it is used. */
export function Facts({ facts, type }: { facts: Record<string, unknown>; type: string }) {
  return (
    <>
      <Schema tables={Array.isArray(facts["schema"]) ? facts["schema"] : [facts["schema"]]} />
      <Preprocessing steps={Array.isArray(facts["preprocessing"]) ? facts["preprocessing"] : []} />
      <Roles roles={asRecord(facts["roles"])} type={type} />
    </>
  );
}

/** The tables of a data set, as `content/schemas.py` tells them: each with its file or pattern, rows and columns. */
function Schema({ tables }: { tables: readonly unknown[] }) {
  const known = tables.map(asRecord).filter((one) => one !== undefined);
  if (known.length === 0) return null;
  return (
    <>
      <h2>Schema</h2>
      {known.slice(0, TABLES_MAX).map((one, at) => (
        <Columns key={at} of={one} />
      ))}
      {known.length > TABLES_MAX && (
        <p className={styles["quiet"]}>
          The first {TABLES_MAX} of {formatCount(known.length)} tables; <code>runstone artifact show</code> prints all.
        </p>
      )}
    </>
  );
}

function Columns({ of }: { of: Record<string, unknown> }) {
  const columns = (Array.isArray(of["columns"]) ? of["columns"] : []).map(asRecord).filter((one) => one !== undefined);
  const rows = asNumber(of["rows"]);
  const files = asNumber(of["files"]);
  const count = columns.length + (asNumber(of["columns_left_out"]) ?? 0);
  const shown = columns.slice(0, COLUMNS_MAX);
  const path = asString(of["path"]) ?? "";
  return (
    <>
      <p className={styles["quiet"]} style={{ margin: 0 }}>
        {path !== "" && <code>{path}</code>} {files !== undefined && `${formatCount(files)} files, `}
        {rows !== undefined && `${formatCount(rows)} rows, `}
        {formatCount(count)} columns
        {count > shown.length && `, the first ${formatCount(shown.length)} shown`}
      </p>
      {shown.length > 0 && (
        <div className={styles["scroll"]} style={{ maxHeight: 360 }} tabIndex={0} role="region" aria-label={`Schema of ${path || "the data"}`}>
          <table className={table["table"]}>
            <thead>
              <tr>
                <th scope="col">Column</th>
                <th scope="col">Type</th>
                <th scope="col">Nulls</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((column, at) => (
                <tr key={at}>
                  <td>
                    <code>{asString(column["name"]) ?? ""}</code>
                  </td>
                  <td>
                    <code>{asString(column["dtype"]) ?? asString(column["type"]) ?? ""}</code>
                  </td>
                  <td>{column["nullable"] === false ? "never" : "may be null"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function Preprocessing({ steps }: { steps: readonly unknown[] }) {
  const known = steps.map(asRecord).filter((one) => one !== undefined);
  if (known.length === 0) return null;
  return (
    <>
      <h2>Preprocessing</h2>
      <ol style={{ margin: 0, paddingLeft: 20 }}>
        {known.map((step, at) => {
          const parameters = asRecord(step["parameters"]) ?? asRecord(step["params"]) ?? {};
          const source = asString(step["source_sha256"]) ?? asString(step["source"]);
          const libraries = Object.entries(asRecord(step["libraries"]) ?? {}).map(([name, version]) => `${name} ${asString(version) ?? ""}`);
          return (
            <li key={at}>
              <code>{asString(step["name"]) ?? asString(step["function"]) ?? "step"}</code>
              {Object.keys(parameters).length > 0 && <code> {JSON.stringify(parameters)}</code>}
              {source !== undefined && (
                <span className={styles["quiet"]} title={source}>
                  {" "}
                  source {source.slice(0, 12)}
                </span>
              )}
              {libraries.length > 0 && <span className={styles["quiet"]}> with {libraries.join(", ")}</span>}
            </li>
          );
        })}
      </ol>
    </>
  );
}

const MODEL_ROLES = ["weights", "training script", "evaluation", "environment"] as const;

function Roles({ roles, type }: { roles: Record<string, unknown> | undefined; type: string }) {
  if (!roles && type !== "model") return null;
  const known = roles ?? {};
  return (
    <>
      <h2>What a model should have</h2>
      <dl className={styles["facts"]}>
        {MODEL_ROLES.map((role) => {
          const value = known[role] ?? known[role.replace(" ", "_")];
          const paths = Array.isArray(value) ? value.map(asString).filter(Boolean) : [asString(value)].filter(Boolean);
          return (
            <div key={role} style={{ display: "contents" }}>
              <dt>{role}</dt>
              <dd>{paths.length > 0 ? paths.map((one) => <code key={one}>{one} </code>) : <span className={styles["missing"]}>missing</span>}</dd>
            </div>
          );
        })}
      </dl>
    </>
  );
}
