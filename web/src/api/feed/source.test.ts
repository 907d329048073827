import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { FeedSource } from "./source";

/** An EventSource whose connection the test plays. */
class Played extends EventTarget {
  readyState = 0;
  closed = false;
  close(): void {
    this.closed = true;
    this.readyState = 2;
  }
  say(type: string, data?: string): void {
    this.dispatchEvent(data === undefined ? new Event(type) : new MessageEvent(type, { data }));
  }
}

let opened: Played[] = [];
const heard = { states: [] as string[], events: [] as unknown[], resyncs: 0 };

function source(): FeedSource {
  return new FeedSource(
    "/feed",
    {
      state: (state) => heard.states.push(state),
      events: (events) => heard.events.push(...events),
      resync: () => (heard.resyncs += 1),
    },
    () => {
      const played = new Played();
      opened.push(played);
      return played as unknown as EventSource;
    },
  );
}

beforeEach(() => {
  vi.useFakeTimers();
  opened = [];
  heard.states = [];
  heard.events = [];
  heard.resyncs = 0;
});
afterEach(() => void vi.useRealTimers());

test("says live once connected and hands on events", () => {
  source().start();
  opened[0]!.say("open");
  opened[0]!.say("change", '[{"kind":"rows","run":"a"}]');
  expect(heard.states).toEqual(["reconnecting", "live"]);
  expect(heard.events).toEqual([{ kind: "rows", run: "a" }]);
  expect(heard.resyncs).toBe(0);
});

test("after a drop everything is read again, since events may have been missed", () => {
  source().start();
  opened[0]!.say("open");
  opened[0]!.say("error");
  opened[0]!.say("open");
  expect(heard.states).toEqual(["reconnecting", "live", "reconnecting", "live"]);
  expect(heard.resyncs).toBe(1);
});

test("a closed stream is opened again, and after three failures the page polls meanwhile", () => {
  const feed = source();
  feed.start();
  for (let i = 0; i < 3; i += 1) {
    const last = opened.at(-1)!;
    last.readyState = 2;
    last.say("error");
    vi.advanceTimersByTime(8_000);
  }
  expect(opened.length).toBe(4);
  expect(heard.states.at(-1)).toBe("polling");
  expect(heard.resyncs).toBeGreaterThan(0);
  const resyncs = heard.resyncs;
  feed.stop();
  vi.advanceTimersByTime(60_000);
  expect(heard.resyncs).toBe(resyncs);
  expect(opened.length).toBe(4);
});
