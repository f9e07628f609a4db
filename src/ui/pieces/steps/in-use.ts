/** So long after somebody has moved in what an opened step shows they may still read it. */
const READS_MS = 10_000;

interface Move {
  readonly detail: Element;
  readonly atMs: number;
}

let lastMove: Move | null = null;

function noteMove(event: Event): void {
  // A pointer that lies where a step has opened has not been moved there: the button that starts a run leaves it so.
  if (event instanceof PointerEvent && event.movementX === 0 && event.movementY === 0) return;
  const detail = event.target instanceof Element ? event.target.closest("[data-detail]") : null;
  if (detail !== null) lastMove = { detail, atMs: performance.now() };
}

/** Notes where somebody moves the pointer or turns the wheel. What it returns ends that. */
export function watchHands(): () => void {
  const stop = new AbortController();
  for (const name of ["pointermove", "wheel"])
    document.addEventListener(name, noteMove, { signal: stop.signal, passive: true });
  return () => stop.abort();
}

/** Whether somebody reads or works in what an opened step shows: it must not close under their eyes. */
export function isInUse(id: string): boolean {
  const detail = document.querySelector(`[data-detail="${CSS.escape(id)}"]`);
  if (detail === null) return false;
  const selection = document.getSelection();
  const hasSelected = selection?.isCollapsed === false && detail.contains(selection.anchorNode);
  const hasLeftEnd = detail.querySelector("[role=log]:not([data-at-end])") !== null;
  const hasMoved = lastMove?.detail === detail && performance.now() - lastMove.atMs < READS_MS;
  return hasSelected || hasLeftEnd || hasMoved || detail.contains(document.activeElement);
}
