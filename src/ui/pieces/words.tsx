import { visibleText } from "./visible-text.ts";

/** Text that comes from outside: shown as it is, without a hold on what stands beside it. */
export function Words({ text, className }: { readonly text: string; readonly className?: string }) {
  return <bdi className={className}>{visibleText(text)}</bdi>;
}
