/** Profiles of the real program. */
import { getCurrentWebview } from "@tauri-apps/api/webview";

import type { Outcome } from "../backend";
import { commands } from "../bindings";
import type { FileDrag, Profiles } from "../profiles";
import type { Advice, Compared, ProfileFault, ProfileRead, RevisionId, Settings, Side } from "../types";

type Answer<Done> = { status: "ok"; data: Done } | { status: "error"; error: ProfileFault };

async function outcome<Done>(answer: Promise<Answer<Done>>): Promise<Outcome<Done, ProfileFault>> {
  const settled = await answer;
  return settled.status === "ok" ? { ok: true, value: settled.data } : { ok: false, refusal: settled.error };
}

export class TauriProfiles implements Profiles {
  exportTo(path: string, revision: RevisionId | null, passphrase: string | null): Promise<Outcome<null, ProfileFault>> {
    return outcome(commands.exportProfile(path, revision, passphrase));
  }

  read(path: string, passphrase: string | null): Promise<Outcome<ProfileRead, ProfileFault>> {
    return outcome(commands.readProfile(path, passphrase) as Promise<Answer<ProfileRead>>);
  }

  compare(left: Side, right: Side): Promise<Outcome<Compared[], ProfileFault>> {
    return outcome(commands.compareProfiles(left, right));
  }

  advise(draft: Settings): Promise<Advice[]> {
    return commands.advise(draft);
  }

  pick(): Promise<string | null> {
    return commands.pickProfile();
  }

  place(name: string): Promise<string | null> {
    return commands.placeProfile(name);
  }

  listenDrags(dragged: (drag: FileDrag) => void): Promise<() => void> {
    return getCurrentWebview().onDragDropEvent(({ payload }) => {
      if (payload.type === "drop") dragged({ kind: "dropped", paths: payload.paths });
      else dragged({ kind: payload.type === "leave" ? "left" : "over" });
    });
  }
}
