import type { RuleDetails } from "../../api/types.ts";
import { Empty } from "../answer.tsx";
import { visibleText } from "../words.tsx";
import classes from "./source.module.css";

/** The text of a rule as it was loaded, with the numbers that its lines have in the file. */
export function RuleSource({ rule }: { readonly rule: RuleDetails }) {
  if (rule.source === null) return <Empty>Its text is not known.</Empty>;
  const from = rule.source_line ?? 1;
  const lines = rule.source.replace(/\n$/, "").split("\n");
  return (
    <pre className={`log ${classes["source"]}`} aria-label="Text of the rule" role="region" tabIndex={0}>
      {lines.map((line, index) => (
        <span key={index} className={classes["line"]}>
          <span className={classes["number"]} aria-hidden="true">
            {from + index}
          </span>
          <span>{visibleText(line)}</span>
          {"\n"}
        </span>
      ))}
    </pre>
  );
}
