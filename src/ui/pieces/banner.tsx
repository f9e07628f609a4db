import type { ReactNode } from "react";

export interface BannerProps {
  readonly tone: "warning" | "bad" | "quiet";
  readonly title: string;
  readonly children: ReactNode;
}

/** What somebody should know before they read on; told to a screen reader when it appears. */
export function Banner({ tone, title, children }: BannerProps) {
  return (
    <div role="status" className="banner breaks" data-tone={tone}>
      <strong>{title}.</strong> {children}
    </div>
  );
}
