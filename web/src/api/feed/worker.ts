/**
 * The shared worker: one EventSource for all tabs. A browser keeps six connections per origin, so an
 * EventSource per tab would stop the seventh tab from loading anything.
 */

import type { FeedEvent } from "@/api/types";

import { FeedSource, type FeedState } from "./source";

export type ToTab =
  | { type: "state"; state: FeedState }
  | { type: "events"; events: FeedEvent[] }
  | { type: "resync" }
  | { type: "unsupported" };
export type ToWorker = { type: "hello"; url: string } | { type: "restart" } | { type: "bye" };

interface SharedWorkerScope {
  onconnect: ((event: MessageEvent) => void) | null;
}

const ports = new Set<MessagePort>();
let feed: FeedSource | undefined;
let state: FeedState = "reconnecting";

function toAll(message: ToTab): void {
  for (const port of ports) port.postMessage(message);
}

function hear(port: MessagePort, message: ToWorker): void {
  if (message.type === "bye") {
    ports.delete(port);
    if (ports.size === 0) {
      feed?.stop();
      feed = undefined;
    }
    return;
  }
  if (message.type === "restart") {
    feed?.start();
    return;
  }
  ports.add(port);
  if (typeof EventSource === "undefined") {
    port.postMessage({ type: "unsupported" } satisfies ToTab);
    return;
  }
  port.postMessage({ type: "state", state } satisfies ToTab);
  if (feed) return;
  feed = new FeedSource(message.url, {
    state: (next) => {
      state = next;
      toAll({ type: "state", state });
    },
    events: (events) => toAll({ type: "events", events }),
    resync: () => toAll({ type: "resync" }),
  });
  feed.start();
}

(globalThis as unknown as SharedWorkerScope).onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  port.onmessage = (message: MessageEvent<ToWorker>) => hear(port, message.data);
  port.start();
};
