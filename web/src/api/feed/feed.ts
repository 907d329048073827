/** The tab's end of the feed: through the shared worker, or by itself while it is visible. */

import { apiUrl, basePath } from "@/api/request";

import { FeedSource, type FeedListener } from "./source";
import type { ToTab, ToWorker } from "./worker";

export interface FeedHandle {
  /** Connect anew, as after signing in. */
  restart: () => void;
  close: () => void;
}

export function openFeed(listener: FeedListener): FeedHandle {
  const url = apiUrl("/feed");
  if (typeof SharedWorker === "undefined") return openTabFeed(url, listener);
  let fallback: FeedHandle | undefined;
  const byTab = () => {
    fallback ??= openTabFeed(url, listener);
  };
  let worker: SharedWorker;
  try {
    worker = new SharedWorker(new URL("./worker.ts", import.meta.url), {
      type: "module",
      name: `runstone-feed${basePath()}`,
    });
  } catch {
    return openTabFeed(url, listener);
  }
  worker.onerror = byTab;
  const port = worker.port;
  const tell = (message: ToWorker) => port.postMessage(message);
  port.onmessage = (message: MessageEvent<ToTab>) => {
    const said = message.data;
    if (said.type === "state") listener.state(said.state);
    else if (said.type === "events") listener.events(said.events);
    else if (said.type === "resync") listener.resync();
    else byTab();
  };
  port.start();
  tell({ type: "hello", url });
  const hide = () => tell({ type: "bye" });
  const show = (event: PageTransitionEvent) => {
    if (!event.persisted) return; // back from the page cache: the worker forgot us
    tell({ type: "hello", url });
    listener.resync();
  };
  window.addEventListener("pagehide", hide);
  window.addEventListener("pageshow", show);
  return {
    restart: () => {
      if (fallback) fallback.restart();
      else tell({ type: "restart" });
    },
    close: () => {
      window.removeEventListener("pagehide", hide);
      window.removeEventListener("pageshow", show);
      tell({ type: "bye" });
      port.close();
      fallback?.close();
    },
  };
}

/** Without a shared worker only the visible tab listens, so that many tabs leave connections free. */
function openTabFeed(url: string, listener: FeedListener): FeedHandle {
  const source = new FeedSource(url, listener);
  const turn = () => {
    if (document.hidden) {
      source.stop();
      listener.state("paused");
    } else {
      source.start();
      listener.resync();
    }
  };
  document.addEventListener("visibilitychange", turn);
  turn();
  return {
    restart: () => source.start(),
    close: () => {
      document.removeEventListener("visibilitychange", turn);
      source.stop();
    },
  };
}
