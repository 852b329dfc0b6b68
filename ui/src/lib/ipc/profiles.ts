/** What the window asks of the program about profiles. Files are named by their paths. */
import type { Outcome } from "./backend";
import type { Advice, Compared, ProfileFault, ProfileRead, RevisionId, Settings, Side } from "./types";

/** What a person does with files over the window; `left`: they went away again, or let go elsewhere. */
export type FileDrag = { kind: "over" } | { kind: "left" } | { kind: "dropped"; paths: string[] };

export interface Profiles {
  /** Writes the settings in force, or a revision; with a passphrase the secrets are sealed, without one they are left out. */
  exportTo(path: string, revision: RevisionId | null, passphrase: string | null): Promise<Outcome<null, ProfileFault>>;
  /** Reads a profile for the draft and checks everything. Nothing changes. */
  read(path: string, passphrase: string | null): Promise<Outcome<ProfileRead, ProfileFault>>;
  /** Two settings side by side. */
  compare(left: Side, right: Side): Promise<Outcome<Compared[], ProfileFault>>;
  /** Advice on a draft. */
  advise(draft: Settings): Promise<Advice[]>;
  /** Asks a person for a file to open; `null` when they choose none. */
  pick(): Promise<string | null>;
  /** Asks a person where to save, with a name to begin with; `null` when they choose no place. */
  place(name: string): Promise<string | null>;
  /** From now on, tells of files that are dragged over the window. The returned function ends it. */
  listenDrags(dragged: (drag: FileDrag) => void): Promise<() => void>;
}
