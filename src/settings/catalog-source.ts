import type { CatalogSource } from "../catalog/catalog.ts";
import { compileIntervals } from "../intervals/interval.ts";
import { NOTICE_EVENTS } from "../notify/events.ts";
import type { Settings } from "./load.ts";

/** What the catalog needs to know of the settings. `folder` may be another spelling of the settings' folder. */
export function catalogSourceOf(settings: Settings, folder: string = settings.folder): CatalogSource {
  return {
    folder,
    rules: settings.rules,
    runbooks: settings.runbooks,
    hosts: settings.hosts,
    ...(settings.schedules === undefined ? {} : { schedules: settings.schedules }),
    notifierNames: settings.notifiers.map((notifier) => notifier.name),
    secretNames: Object.keys(settings.secrets),
    sourceNames: settings.sources.map((source) => source.name),
    sourcesWithApi: settings.sources.flatMap((source) => (source.api === undefined ? [] : [source.name])),
    annotatedSources: settings.sources.flatMap(({ name, kind, api }) =>
      kind === "grafana" && api?.token !== undefined ? [name] : [],
    ),
    noticeEvents: NOTICE_EVENTS,
    intervals: compileIntervals(settings.time_intervals),
    isAnyoneTold: settings.notify.length > 0,
  };
}
