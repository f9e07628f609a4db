import { visibleText } from "./visible-text.ts";
import styles from "./source.module.css";

export interface SourceProps {
  readonly label: string;
  readonly text: string;
  /** Where in its file the text begins. */
  readonly firstLine?: number;
}

/** The text of a file with the numbers of its lines, which are no part of what is copied. */
export function Source({ label, text, firstLine = 1 }: SourceProps) {
  const lines = text.replace(/\n$/, "").split("\n");
  return (
    <pre
      className={`log ${styles["source"]}`}
      style={{ counterReset: `line ${firstLine - 1}` }}
      aria-label={label}
      role="region"
      tabIndex={0}
    >
      {lines.map((line, index) => (
        // Lines are told apart by nothing but their place.
        <span key={index} className={styles["line"]}>
          {visibleText(line)}
          {"\n"}
        </span>
      ))}
    </pre>
  );
}
