/**
 * Size budgets of the build, in bytes after gzip: scripts and styles of the first load and of the
 * workspace. Fonts load by unicode range and show beside it. Exits 1 when over.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const out = process.env.RUNSTONE_UI_OUT ?? join(dirname(fileURLToPath(import.meta.url)), "../../src/runstone/static");
if (!existsSync(join(out, "build.json"))) {
  console.error(`No build at ${out}. Run 'npm run build' first.`);
  process.exit(1);
}
const chunks = JSON.parse(readFileSync(join(out, "build.json"), "utf8"));

const BUDGETS = [
  { name: "first load", entries: ["index.html"], limit: 200 * 1024 },
  { name: "workspace", entries: ["index.html", "src/features/workspace/page.tsx"], limit: 260 * 1024 },
];

function filesOf(entries) {
  const files = new Set();
  const seen = new Set();
  const walk = (name) => {
    if (seen.has(name)) return;
    seen.add(name);
    const chunk = chunks[name];
    if (!chunk) throw new Error(`'${name}' is not in the build. Known: ${Object.keys(chunks).join(", ")}`);
    files.add(chunk.file);
    for (const css of chunk.css ?? []) files.add(css);
    for (const next of chunk.imports ?? []) walk(next);
  };
  entries.forEach(walk);
  return [...files];
}

const size = (file) => gzipSync(readFileSync(join(out, file)), { level: 9 }).length;
let over = false;
for (const { name, entries, limit } of BUDGETS) {
  const bytes = filesOf(entries).reduce((sum, file) => sum + size(file), 0);
  over ||= bytes > limit;
  console.log(`${name}: ${(bytes / 1024).toFixed(1)} KB of ${limit / 1024} KB${bytes > limit ? "  OVER" : ""}`);
}
process.exit(over ? 1 : 0);
