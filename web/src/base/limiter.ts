/** Runs an act at most once per interval: at once when idle, else once more when the interval ends. */
export class Limiter {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private last = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly act: () => void,
    private readonly intervalMs: number,
  ) {}

  trigger(): void {
    if (this.timer !== undefined) return;
    const wait = Math.max(0, this.last + this.intervalMs - Date.now());
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.last = Date.now();
      this.act();
    }, wait);
  }

  /** Forget a pending act; what opened the limiter closes it when it leaves. */
  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
