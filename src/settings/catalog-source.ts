import type { CatalogSource } from "../catalog/catalog.ts";
import type { Settings } from "./load.ts";

/** What the catalog needs to know of the settings. `folder` may be another spelling of the settings' folder. */
export function catalogSourceOf(settings: Settings, folder: string = settings.folder): CatalogSource {
  return {
    folder,
    rules: settings.rules,
    runbooks: settings.runbooks,
    hosts: settings.hosts,
    notifierNames: settings.notifiers.map((notifier) => notifier.name),
    sourceNames: settings.sources.map((source) => source.name),
    isAnyoneTold: settings.notify.length > 0,
  };
}
