import type { Query } from "../../address.ts";
import type { Input, RunDetails } from "../../api/types.ts";
import { fieldValueOf, fieldValueOfText, type FieldValue, isForgotten, type Values } from "./values.ts";

/** What a link or an earlier run has filled in. */
export interface Prefill {
  readonly values: Values;
  /** Names of inputs that were named and could not be filled in, and why. */
  readonly leftOut: readonly { readonly name: string; readonly because: string }[];
}

const PARAMETER = /^input\.(.+)$/;

/** `?input.word=hello&input.servers=web-1,web-2`. */
export function prefillOfAddress(inputs: readonly Input[], address: Query): Prefill {
  const named = Object.entries(address).flatMap(([parameter, text]) => {
    const name = PARAMETER.exec(parameter)?.[1];
    return name === undefined || text === undefined
      ? []
      : [{ name, read: (input: Input) => fieldValueOfText(input, text) }];
  });
  return prefillOf(inputs, named);
}

/** The inputs of a run; of a run of another runbook nothing. */
export function prefillOfRun(inputs: readonly Input[], run: Pick<RunDetails, "inputs">): Prefill {
  const named = Object.entries(run.inputs).map(([name, value]) => ({
    name,
    read: (input: Input) => fieldValueOf(input, value),
  }));
  return prefillOf(inputs, named);
}

interface Named {
  readonly name: string;
  readonly read: (input: Input) => FieldValue | undefined;
}

function prefillOf(inputs: readonly Input[], named: readonly Named[]): Prefill {
  const values: Record<string, FieldValue> = {};
  const leftOut: { name: string; because: string }[] = [];
  for (const { name, read } of named) {
    const input = inputs.find((one) => one.name === name);
    const value = input === undefined ? undefined : read(input);
    if (input === undefined) leftOut.push({ name, because: "there is no such input" });
    else if (isForgotten(input))
      leftOut.push({ name, because: `a ${input.type} is given by hand each time` });
    else if (value === undefined) leftOut.push({ name, because: "it does not fit the field" });
    else values[name] = value;
  }
  return { values, leftOut };
}
