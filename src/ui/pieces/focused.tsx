import { type ReactNode, useEffect, useRef } from "react";

export interface FocusedProps {
  /** Becomes true when what had the focus is gone, such as a button that was answered with. */
  readonly isWanted: boolean;
  readonly children: ReactNode;
}

/** Takes the focus, so that whoever works by keyboard or hears the page goes on where it went on. */
export function Focused({ isWanted, children }: FocusedProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isWanted) place.current?.focus();
  }, [isWanted]);
  return (
    <div ref={place} tabIndex={-1}>
      {children}
    </div>
  );
}
