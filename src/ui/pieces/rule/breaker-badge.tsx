import type { Rule } from "../../api/types.ts";
import { StatusSign } from "../status-badge.tsx";

export function BreakerBadge({ breaker }: Pick<Rule, "breaker">) {
  if (breaker === null) return null;
  const isOpen = breaker.state === "open";
  return (
    <span className={`status status-${isOpen ? "bad" : "good"}`}>
      <StatusSign status={isOpen ? "interrupted" : "succeeded"} />
      breaker {breaker.state}
    </span>
  );
}
