import type { FileProblem } from "../platform/problems.ts";
import type { Path, YamlFile } from "../platform/yaml.ts";
import type { Step } from "../runbooks/runbook.ts";
import { adviceFor } from "./advice.ts";
import type { Loaded } from "./loaded.ts";

/** Where a step stands, and what it stands among. */
export interface StepPlace {
  readonly loaded: Loaded;
  readonly step: Step;
  readonly path: Path;
  readonly file: YamlFile;
  readonly problems: FileProblem[];
}

/** The source that a `silence` or an `annotate` names is there, and can be asked for it. */
export function checkStepSource({ loaded, step, path, file, problems }: StepPlace): void {
  if (step.verb !== "silence" && step.verb !== "annotate") return;
  const { source } = step.spec;
  const { sourceNames, sourcesWithApi, annotatedSources } = loaded.source;
  const report = (code: string, message: string) =>
    problems.push(file.problem([...path, step.verb, "source"], code, message));
  if (!sourceNames.includes(source)) {
    report("unknown-source", `the settings have no source "${source}"${adviceFor(source, sourceNames)}`);
  } else if (step.verb === "silence" && sourcesWithApi?.includes(source) === false) {
    const message = `source "${source}" has no api in the settings, so nothing can be silenced there; add api: {urls: ["http://alertmanager:9093"]} to it`;
    report("silence-needs-api", message);
  } else if (step.verb === "annotate" && annotatedSources?.includes(source) === false) {
    const message = `source "${source}" takes no annotations; it needs kind: grafana, and api with urls and the token of a service account`;
    report("annotate-needs-grafana", message);
  }
}
