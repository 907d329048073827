import { expect, test } from "vitest";

import { atOrBefore, boxesOf, histogramOf, mediaItems, unionOfSteps } from "./media";

test("several images under one type become items with their own captions, masks and boxes", () => {
  const items = mediaItems({
    _type: "images/separated",
    count: 2,
    width: 8,
    height: 4,
    filenames: ["media/images/a.png", "media/images/b.png"],
    captions: ["first", ""],
    all_masks: [{ m: { _type: "mask", path: "media/images/mask/a.png", class_labels: { 1: "cat" } } }, null],
    all_boxes: [null, { b: { _type: "boxes2D", path: "b.json" } }],
  });
  expect(items.map((one) => [one.kind, one.path, one.caption, one.overlays.length])).toEqual([
    ["image", "media/images/a.png", "first", 1],
    ["image", "media/images/b.png", "", 1],
  ]);
  expect(items[0]!.overlays[0]!.labels).toEqual({ 1: "cat" });
});

test("lists of any kind are flattened, and captions beside a list reach its items", () => {
  const audio = { _type: "audio", audio: [{ _type: "audio-file", path: "a.wav" }], captions: ["hum"] };
  expect(mediaItems(audio)).toMatchObject([{ kind: "audio", path: "a.wav", caption: "hum" }]);
  expect(mediaItems([{ _type: "histogram", values: [1], bins: [0, 1] }, { x: 1 }, 3])).toHaveLength(1);
  expect(mediaItems({ _type: "never-heard-of" })).toMatchObject([{ kind: "unknown", type: "never-heard-of" }]);
  expect(mediaItems({ plain: 1 })).toEqual([]);
});

test("histograms are read from edges and from packed bins, and rubbish is none", () => {
  expect(histogramOf({ values: [1, 2], bins: [0, 1, 2] })).toEqual({ counts: [1, 2], edges: [0, 1, 2] });
  expect(histogramOf({ values: [1, 2], packedBins: { min: -1, size: 0.5, count: 2 } })).toEqual({
    counts: [1, 2],
    edges: [-1, -0.5, 0],
  });
  expect(histogramOf({ values: [1, 2], bins: [0, 1] })).toBeNull();
  expect(histogramOf({ values: [1], bins: ["NaN", 1] })).toBeNull();
});

test("boxes are fractions of the image, whether given so, by their middle, or in pixels", () => {
  const { boxes } = boxesOf(
    {
      box_data: [
        { position: { minX: 0.1, maxX: 0.5, minY: 0, maxY: 1 }, class_id: 2, scores: { p: 0.5, bad: "x" } },
        { position: { middle: [50, 20], width: 20, height: 20 }, domain: "pixel", class_id: 1 },
        { position: {} },
      ],
    },
    100,
    40,
  );
  expect(boxes).toHaveLength(2);
  expect(boxes[0]).toMatchObject({ left: 0.1, right: 0.5, top: 0, bottom: 1, classId: "2", scores: [["p", 0.5]] });
  expect(boxes[1]).toMatchObject({ left: 0.4, right: 0.6, top: 0.25, bottom: 0.75 });
});

test("a step snaps to the one logged before it", () => {
  const steps = unionOfSteps([[5, 1], [9, 5]]);
  expect(steps).toEqual([1, 5, 9]);
  expect([0, 1, 4, 5, 100].map((step) => atOrBefore(steps, step))).toEqual([-1, 0, 0, 1, 2]);
});
