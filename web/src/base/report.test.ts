import { expect, test } from "vitest";

import { columnOfForeign, filterOfForeign, orderOfForeign } from "./foreign-filter";
import { plainText, reportOf, viewIdOf } from "./report";

const leaf = (section: string, name: string, op: string, value: unknown, more: object = {}) => ({ key: { section, name }, op, value, disabled: false, ...more });

test("flat conditions join AND before OR, groups hold together, disabled ones are left out", () => {
  const { filter, unread } = filterOfForeign({
    filterFormat: "filterV2",
    filters: [
      leaf("run", "state", "=", "finished"),
      leaf("config", "lr.value", ">", 0.1, { connector: "AND" }),
      leaf("summary", "acc", ">=", 0.5, { connector: "OR" }),
      { connector: "AND", filters: [leaf("tags", "tags", "IN", "a"), leaf("run", "displayName", "!=", "x", { connector: "OR" })] },
      leaf("run", "group", "=", "g", { disabled: true, connector: "AND" }),
      leaf("run", "notes", "SOUNDS_LIKE", "x", { connector: "AND" }),
    ],
  });
  expect(filter).toEqual({
    $or: [
      { $and: [{ state: { $eq: "finished" } }, { "config.lr": { $gt: 0.1 } }] },
      { $and: [{ "summary.acc": { $gte: 0.5 } }, { $or: [{ tags: { $in: ["a"] } }, { name: { $ne: "x" } }] }] },
    ],
  });
  expect(unread).toEqual(['notes SOUNDS_LIKE "x"']);
});

test("the older tree of conditions reads the same, times become seconds, nothing is everything", () => {
  const tree = { op: "OR", filters: [{ op: "AND", filters: [leaf("run", "createdAt", ">=", "1970-01-01T00:01:00Z")] }] };
  expect(filterOfForeign(tree).filter).toEqual({ created_at: { $gte: 60 } });
  expect(filterOfForeign({ op: "OR", filters: [{ op: "AND", filters: [] }] })).toEqual({ filter: {}, unread: [] });
  expect(filterOfForeign("rubbish")).toEqual({ filter: {}, unread: [] });
  expect(columnOfForeign({ section: "config", name: "opt.value.lr" })).toBe("config.opt.lr");
  expect(orderOfForeign({ keys: [{ key: { section: "run", name: "createdAt" }, ascending: false }, {}] })).toEqual(["-created_at"]);
});

test("blocks are read, marks kept, and what is not known says its type", () => {
  const spec = {
    width: "readable",
    blocks: [
      { type: "heading", level: 2, children: [{ text: "What" }] },
      { type: "paragraph", children: [{ text: "a " }, { type: "link", url: "http://x", children: [{ text: "b" }] }, { text: "c", inlineCode: true }] },
      { type: "list", children: [{ type: "list-item", checked: true, children: [{ type: "paragraph", children: [{ text: "done" }] }] }] },
      { type: "from-the-future" },
      {
        type: "panel-grid",
        metadata: {
          runSets: [{ name: "all", project: { name: "p", entityName: "e" }, search: { query: "q" } }, { enabled: false }],
          panelBankSectionConfig: { panels: [{ viewType: "Run History Line Plot", config: { metrics: ["loss"], xAxis: "_absolute_runtime" }, layout: { x: 40, y: 0, w: 99, h: 0 } }] },
        },
      },
    ],
  };
  const report = reportOf({ display_name: "Title", type: "runs/draft", spec: JSON.stringify(spec) });
  expect([report.title, report.type, report.wide]).toEqual(["Title", "draft", false]);
  expect(report.blocks.map((block) => block.kind)).toEqual(["heading", "paragraph", "list", "unknown", "panels"]);
  const [, paragraph, , , grid] = report.blocks;
  expect(paragraph!.kind === "paragraph" && plainText(paragraph.children)).toBe("a bc");
  expect(grid).toMatchObject({
    runSets: [{ name: "all", entity: "e", project: "p", query: "q" }],
    panels: [{ metrics: ["loss"], x: "_runtime", layout: { x: 23, w: 24, h: 3 } }],
  });
  expect(reportOf({ name: "n", spec: "{torn" }).blocks).toMatchObject([{ kind: "unknown" }]);
});

test("a report's address holds the id of its view, whatever the title", () => {
  expect(viewIdOf("Rings,-compared--Vmlldzp2MTpnbHdwYzk4azE5NDE=")).toBe("glwpc98k1941");
  expect(viewIdOf("a--b--Vmlldzp2MTpnbHdwYzk4azE5NDE=")).toBe("glwpc98k1941");
  expect(viewIdOf("glwpc98k1941")).toBe("glwpc98k1941");
});
