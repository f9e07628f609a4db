import { type RefObject, useEffect } from "react";

/**
 * Whoever works by the keyboard or hears the page goes on where they were when a button goes away with what it has done, or with a
 * change from elsewhere: the focus, which would fall to the beginning of the page, goes to the heading of the part that the button stood in.
 * A button that could not be pressed for a moment gets the focus back.
 */
export function useKeptFocus(content: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const main = content.current;
    if (main === null) return undefined;
    /** What had the focus last, and everything around it, from the inside outwards. Of a popover, which stands elsewhere, what opened it. */
    let path: readonly Element[] = [];
    let wasDisabled = false;
    const remember = ({ target }: FocusEvent) => {
      if (!(target instanceof Element) || target === main || !main.contains(target)) return;
      path = around(target, main);
      wasDisabled = false;
    };
    // Whoever presses elsewhere on the page has taken the focus away.
    const forget = ({ target }: Event) => {
      if (target instanceof Node && main.contains(target) && path[0]?.contains(target) !== true) path = [];
    };
    const look = () => {
      const [last] = path;
      if (last === undefined) return;
      const isDisabled = last.matches(":disabled");
      wasDisabled ||= isDisabled;
      if (!hasNoFocus()) return;
      if (last.isConnected) {
        // Not what was left otherwise, such as a field whose keyboard on the screen was put away.
        if (wasDisabled && !isDisabled && last instanceof HTMLElement) last.focus({ preventScroll: true });
        return;
      }
      const part = path.find((each) => each.isConnected)?.closest("section, main") ?? main;
      path = [];
      focusOn(part.querySelector<HTMLElement>("h1, h2") ?? main);
    };
    const changes = new MutationObserver(look);
    changes.observe(document.body, { childList: true, subtree: true, attributeFilter: ["disabled"] });
    document.addEventListener("focusin", remember);
    document.addEventListener("pointerdown", forget, true);
    return () => {
      changes.disconnect();
      document.removeEventListener("focusin", remember);
      document.removeEventListener("pointerdown", forget, true);
    };
  }, [content]);
}

function hasNoFocus(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}

function around(element: Element, main: Element): readonly Element[] {
  const path: Element[] = [];
  for (let each: Element | null = element; each !== null && each !== main; each = each.parentElement)
    path.push(each);
  return [...path, main];
}

function focusOn(place: HTMLElement): void {
  place.tabIndex = -1;
  place.focus({ preventScroll: true });
  // Of use only to whoever sees where the focus is.
  if (place.matches(":focus-visible")) place.scrollIntoView({ block: "nearest" });
}
