import { Component, type ReactNode } from "react";

interface Held {
  readonly element: Element;
  /** Pixels below the upper edge of the window. */
  readonly top: number;
}

/**
 * Keeps what somebody has the focus on, or has selected, where it is in the window, when something above it opens, closes or grows with a
 * change of what stands inside of this. Browsers do that for themselves only where the page is scrolled, and not all of them.
 */
export class Steady extends Component<{ readonly children: ReactNode }, object, Held | null> {
  override getSnapshotBeforeUpdate(): Held | null {
    const element = heldElement();
    if (element === null) return null;
    const { top, bottom } = element.getBoundingClientRect();
    return bottom > 0 && top < window.innerHeight ? { element, top } : null;
  }

  override componentDidUpdate(_props: unknown, _state: unknown, held: Held | null): void {
    if (held?.element.isConnected !== true) return;
    const moved = held.element.getBoundingClientRect().top - held.top;
    if (Math.abs(moved) >= 1) window.scrollBy({ top: moved, behavior: "instant" });
  }

  override render(): ReactNode {
    return this.props.children;
  }
}

/** Not the content as a whole, which has the focus after a change of the page. */
function heldElement(): Element | null {
  const { activeElement: focused } = document;
  if (focused?.closest("main") !== null && focused?.tagName !== "MAIN") return focused;
  const selection = document.getSelection();
  return selection?.isCollapsed === false ? (selection.anchorNode?.parentElement ?? null) : null;
}
