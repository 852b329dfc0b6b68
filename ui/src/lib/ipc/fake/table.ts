/** The table of settings of the toy world: the program's own, kept equal to it by a test of the program. */
import type { SettingsTable } from "../types";
import table from "./table.json";

export function toyTable(): SettingsTable {
  return table as SettingsTable;
}
