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
    const remember = ({ target }: FocusEvent) => {
      if (target instanceof Element && target !== main && main.contains(target)) path = around(target, main);
    };
    // Whoever presses on the ground of the page has taken the focus away.
    const forget = () => {
      if (hasNoFocus()) path = [];
    };
    const look = () => {
      const [last] = path;
      if (last === undefined || !hasNoFocus()) return;
      if (last.isConnected) {
        if (last instanceof HTMLElement && !last.matches(":disabled")) last.focus({ preventScroll: true });
        return;
      }
      const part = path.find((each) => each.isConnected)?.closest("section, main") ?? main;
      path = [];
      focusOn(part.querySelector<HTMLElement>("h1, h2") ?? main);
    };
    const changes = new MutationObserver(look);
    changes.observe(document.body, { childList: true, subtree: true, attributeFilter: ["disabled"] });
    document.addEventListener("focusin", remember);
    document.addEventListener("click", forget, true);
    return () => {
      changes.disconnect();
      document.removeEventListener("focusin", remember);
      document.removeEventListener("click", forget, true);
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
