/** What is known of a version by its type: a data set's schema and preprocessing, a model's parts. */

import { asNumber, asRecord, asString } from "@/base/parse";
import { formatCount } from "@/base/numbers";
import table from "@/widgets/table.module.css";

import styles from "./artifacts.module.css";

const COLUMNS_MAX = 500;

/** facts: `{schema?, preprocessing?, roles?}`, looked at before it is used. */
export function Facts({ facts, type }: { facts: Record<string, unknown>; type: string }) {
  return (
    <>
      <Schema schema={asRecord(facts["schema"])} />
      <Preprocessing steps={Array.isArray(facts["preprocessing"]) ? facts["preprocessing"] : []} />
      <Roles roles={asRecord(facts["roles"])} type={type} />
    </>
  );
}

function Schema({ schema }: { schema: Record<string, unknown> | undefined }) {
  if (!schema) return null;
  const columns = (Array.isArray(schema["columns"]) ? schema["columns"] : []).map(asRecord).filter((one) => one !== undefined);
  const rows = asNumber(schema["rows"]);
  return (
    <>
      <h2>Schema</h2>
      <p className={styles["quiet"]} style={{ margin: 0 }}>
        {rows !== undefined && `${formatCount(rows)} rows, `}
        {formatCount(columns.length)} columns
        {columns.length > COLUMNS_MAX && `, the first ${formatCount(COLUMNS_MAX)} shown`}
      </p>
      <div className={styles["scroll"]} style={{ maxHeight: 360 }} tabIndex={0} role="region" aria-label="Schema">
        <table className={table["table"]}>
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">Type</th>
              <th scope="col">Nulls</th>
            </tr>
          </thead>
          <tbody>
            {columns.slice(0, COLUMNS_MAX).map((column, at) => (
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
