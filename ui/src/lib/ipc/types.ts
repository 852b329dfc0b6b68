/**
 * The types of the window. They are the generated ones, but for settings: the program fills in what a file leaves out, so it takes them with
 * holes, but it never gives any.
 */
import type * as generated from "./bindings";

export type * from "./bindings";

export type LineSettings = Required<generated.LineSettings>;
export type GatewaySettings = Required<generated.GatewaySettings>;
export type PortSettings = Required<Omit<generated.PortSettings, "line">> & { line: LineSettings };
export interface Settings {
  gateway: GatewaySettings;
  ports: PortSettings[];
}
export type Boot = Omit<generated.Boot, "settings"> & { settings: Settings };

/** Which troubles the desktop tells. */
export type Notify = Required<generated.Notify>;
/** What a person wants of this window. */
export type Preferences = Required<Omit<generated.Preferences, "notify" | "close_to_tray">> & { notify: Notify; close_to_tray: boolean | null };
export type Desk = Omit<generated.Desk, "preferences"> & { preferences: Preferences };
export type ProfileRead = Omit<generated.ProfileRead, "settings"> & { settings: Settings };
