/** One connection to the server's feed, kept alive; used by the shared worker and, failing that, by a tab. */

import type { FeedEvent } from "@/api/types";

/** live: connected. reconnecting: lost, trying. polling: given up on streams, re-reading every 5 s.
 * paused: this tab is hidden and keeps no connection of its own. */
export type FeedState = "live" | "reconnecting" | "polling" | "paused";

export interface FeedListener {
  state: (state: FeedState) => void;
  events: (events: FeedEvent[]) => void;
  /** Something may have been missed: re-read what is on screen. */
  resync: () => void;
}

const POLL_MS = 5_000;
const TRIES_BEFORE_POLLING = 3;
const RETRY_MS_MAX = 15_000;

export class FeedSource {
  private source: EventSource | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private pollTimer: ReturnType<typeof setInterval> | undefined;
  private failures = 0;
  private wasLive = false;

  constructor(
    private readonly url: string,
    private readonly out: FeedListener,
    private readonly make: (url: string) => EventSource = (address) => new EventSource(address),
  ) {}

  start(): void {
    this.stop();
    this.out.state("reconnecting");
    this.open();
  }

  stop(): void {
    clearTimeout(this.retryTimer);
    clearInterval(this.pollTimer);
    this.pollTimer = undefined;
    this.source?.close();
    this.source = undefined;
  }

  private open(): void {
    const source = this.make(this.url);
    this.source = source;
    source.addEventListener("open", () => {
      this.failures = 0;
      clearInterval(this.pollTimer);
      this.pollTimer = undefined;
      this.out.state("live");
      if (this.wasLive) this.out.resync();
      this.wasLive = true;
    });
    source.addEventListener("change", (message: MessageEvent<string>) => {
      this.out.events(JSON.parse(message.data) as FeedEvent[]);
    });
    source.addEventListener("error", () => {
      // A dropped stream reconnects by itself; an error answer closes it for good, so we come back.
      this.failures += 1;
      if (this.failures >= TRIES_BEFORE_POLLING) this.poll();
      else this.out.state("reconnecting");
      if (source.readyState === 2) {
        source.close();
        clearTimeout(this.retryTimer);
        const wait = Math.min(RETRY_MS_MAX, 500 * 2 ** this.failures);
        this.retryTimer = setTimeout(() => this.open(), wait);
      }
    });
  }

  private poll(): void {
    this.out.state("polling");
    this.pollTimer ??= setInterval(() => this.out.resync(), POLL_MS);
  }
}
