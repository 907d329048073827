import { expect, test } from "vitest";

import { selfContained } from "./gltf";
import { cloudOf, edgesOfCorners, type Triple } from "./point-cloud";

test("points may carry a class or a colour, and broken ones are left out", () => {
  const cloud = cloudOf([[0, 0, 0], [1, 1, 1, 2], [2, 2, 2, 255, 0, 0], ["x", 1, 2], [1, 2]]);
  expect(cloud.places).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
  expect(cloud.colours.slice(6)).toEqual([1, 0, 0]);
  expect(() => cloudOf({})).toThrow("no points");
});

test("a box has twelve edges in whatever order its corners come, thin or turned", () => {
  const upright: Triple[] = [];
  for (const z of [0, 0.01]) for (const y of [0, 2]) for (const x of [0, 9]) upright.push([x * 0.8 - y * 0.6, x * 0.6 + y * 0.8, z]);
  expect(edgesOfCorners([5, 0, 3, 6, 1, 7, 2, 4].map((at) => upright[at]!))).toHaveLength(12);
  const cloud = cloudOf({ type: "lidar/beta", points: [[0, 0, 0]], boxes: [{ corners: upright, label: "car", color: [0, 255, 0] }], vectors: [{ start: [0, 0, 0], end: [1, 1, 1] }] });
  expect(cloud.boxes).toMatchObject([{ label: "car", colour: [0, 1, 0] }]);
  expect(cloud.vectors).toHaveLength(1);
});

test("a gltf's buffers become one binary chunk, and addresses of others are refused", () => {
  const made = selfContained(
    JSON.stringify({
      asset: { version: "2.0" },
      buffers: [
        { byteLength: 3, uri: "data:application/octet-stream;base64,AQID" },
        { byteLength: 2, uri: "data:application/octet-stream;base64,BAU=" },
      ],
      bufferViews: [{ buffer: 0, byteLength: 3 }, { buffer: 1, byteOffset: 1, byteLength: 1 }],
    }),
  );
  const view = new DataView(made);
  expect(view.getUint32(0, true)).toBe(0x46546c67);
  expect(view.getUint32(8, true)).toBe(made.byteLength);
  const jsonBytes = view.getUint32(12, true);
  const json = JSON.parse(new TextDecoder().decode(new Uint8Array(made, 20, jsonBytes))) as { bufferViews: unknown };
  expect(json.bufferViews).toEqual([
    { buffer: 0, byteLength: 3, byteOffset: 0 },
    { buffer: 0, byteLength: 1, byteOffset: 5 },
  ]);
  expect([...new Uint8Array(made, 20 + jsonBytes + 8, 6)]).toEqual([1, 2, 3, 0, 4, 5]);
  expect(() => selfContained(JSON.stringify({ buffers: [{ byteLength: 1, uri: "other.bin" }] }))).toThrow("other.bin");
});
