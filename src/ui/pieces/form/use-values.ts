import { useState } from "react";
import type { Input } from "../../api/types.ts";
import { emptyValues, type FieldValue, type Values } from "./values.ts";
import { forget, keep, keptBefore } from "./kept.ts";

export interface FormValues {
  readonly values: Values;
  readonly reason: string;
  /** What was typed here before has been taken up again. */
  readonly isKept: boolean;
  /** Nobody has changed the field since it was filled in. */
  readonly isUntouched: (name: string) => boolean;
  readonly change: (name: string, value: FieldValue) => void;
  readonly changeReason: (reason: string) => void;
  /** Empties everything. */
  readonly clear: () => void;
  /** Nothing of it is needed any more. */
  readonly forget: () => void;
}

/** What the form holds: what was typed before at this address, or what it was filled in with, or nothing. Kept as it is typed. */
export function useValues(key: string, inputs: readonly Input[], prefilled: Values): FormValues {
  const [kept] = useState(() => keptBefore(key));
  const [reason, setReason] = useState(kept?.reason ?? "");
  const [isKept, setIsKept] = useState(kept !== null);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [values, setValues] = useState<Values>(() => {
    const empty = emptyValues(inputs);
    return { ...empty, ...prefilled, ...fitting(kept?.values ?? {}, empty) };
  });
  return {
    values,
    reason,
    isKept,
    isUntouched: (name) => !touched.has(name),
    change: (name, value) => {
      const changed = { ...values, [name]: value };
      setValues(changed);
      setTouched(new Set([...touched, name]));
      keep(key, inputs, { values: changed, reason });
    },
    changeReason: (text) => {
      setReason(text);
      keep(key, inputs, { values, reason: text });
    },
    clear: () => {
      setValues(emptyValues(inputs));
      setReason("");
      setIsKept(false);
      forget(key);
    },
    forget: () => forget(key),
  };
}

/** Values of the kind that the field has now: the runbook may have changed since. */
function fitting(kept: Values, empty: Values): Values {
  return Object.fromEntries(
    Object.entries(kept).filter(
      ([name, value]) =>
        empty[name] !== undefined &&
        typeof value === typeof empty[name] &&
        Array.isArray(value) === Array.isArray(empty[name]),
    ),
  );
}
