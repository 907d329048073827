/** Redraws share each frame: what the pointer is on first, the rest as long as there is time. */

const FRAME_MS = 8;
const waiting = new Set<() => void>();
let requested = false;

export function draw(act: () => void): void {
  waiting.add(act);
  if (requested) return;
  requested = true;
  requestAnimationFrame(run);
}

export function forget(act: () => void): void {
  waiting.delete(act);
}

function run(): void {
  requested = false;
  const end = performance.now() + FRAME_MS;
  for (const act of waiting) {
    waiting.delete(act);
    act();
    if (performance.now() > end) break;
  }
  if (waiting.size > 0) {
    requested = true;
    requestAnimationFrame(run);
  }
}
