/** The table of settings and the line profiles, as the program has them: the same for as long as it runs. */
import type { Country, FieldInfo, Numbering, SettingsTable } from "../ipc/types";
import { general } from "../paths";

class Table {
  fields: readonly FieldInfo[] = $state.raw([]);
  countries: readonly Country[] = $state.raw([]);
  numberings: readonly Numbering[] = $state.raw([]);

  load(table: SettingsTable): void {
    this.fields = table.fields;
    this.countries = table.countries;
    this.numberings = table.numberings;
  }

  /** The row of a setting, by its path with or without the number of a port. */
  row(path: string): FieldInfo | undefined {
    const wanted = general(path);
    return this.fields.find((field) => field.path === wanted);
  }
}

export const table = new Table();
