import { useEffect } from "react";

const SCHEME = "data-mantine-color-scheme";

/** Paper is white: a page is printed in its light colours, whatever it is looked at in. */
export function usePaper(): void {
  useEffect(() => {
    const paper = matchMedia("print");
    const root = document.documentElement;
    let before: string | null = null;
    const look = () => {
      if (paper.matches) before = root.getAttribute(SCHEME);
      root.setAttribute(SCHEME, paper.matches ? "light" : (before ?? "light"));
    };
    paper.addEventListener("change", look);
    return () => paper.removeEventListener("change", look);
  }, []);
}
