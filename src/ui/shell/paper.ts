import { useEffect } from "react";

const SCHEME = "data-mantine-color-scheme";

/** Paper is white: a page is printed in its light colours, whatever it is looked at in. */
export function usePaper(): void {
  useEffect(() => {
    const root = document.documentElement;
    let before: string | null = null;
    const toPaper = () => {
      before ??= root.getAttribute(SCHEME);
      root.setAttribute(SCHEME, "light");
    };
    const toScreen = () => {
      if (before !== null) root.setAttribute(SCHEME, before);
      before = null;
    };
    // The events come in time for what is printed; the query also says that somebody only looks at how it would be.
    const paper = matchMedia("print");
    const look = () => (paper.matches ? toPaper() : toScreen());
    window.addEventListener("beforeprint", toPaper);
    window.addEventListener("afterprint", toScreen);
    paper.addEventListener("change", look);
    return () => {
      window.removeEventListener("beforeprint", toPaper);
      window.removeEventListener("afterprint", toScreen);
      paper.removeEventListener("change", look);
    };
  }, []);
}
