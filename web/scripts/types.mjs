/**
 * Types of the API's answers, from the server's own OpenAPI file.
 * `npm run types` writes src/api/schema.d.ts; `npm run types -- --check` fails if it would differ.
 * RUNSTONE_PYTHON names the Python that has runstone installed (default: ../.venv, else python3).
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import openapiTS, { astToString } from "openapi-typescript";

const web = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(web, "src/api/schema.d.ts");
const venv = join(web, "../.venv/bin/python");
const python = process.env.RUNSTONE_PYTHON ?? (existsSync(venv) ? venv : "python3");
const json = execFileSync(python, ["-m", "runstone.server.openapi"], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
const text = astToString(await openapiTS(json, { alphabetize: true }));
const before = existsSync(target) ? readFileSync(target, "utf8") : "";

if (process.argv.includes("--check")) {
  if (before !== text) {
    console.error("src/api/schema.d.ts differs from the server's OpenAPI file. Run 'npm run types' and commit it.");
    process.exit(1);
  }
} else if (before !== text) {
  writeFileSync(target, text);
  console.log("src/api/schema.d.ts was rewritten.");
}
