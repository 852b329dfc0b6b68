/** The real program, behind Tauri's commands and events. */
import { Refused, type Backend, type Listener, type Outcome } from "./backend";
import { commands, events } from "./bindings";
import type { Applied, ApplyError, Boot, Command, DeviceChoice, LineAct, Mark, PortId, Review, Settings } from "./types";

type Answer<Done, Refusal> = { status: "ok"; data: Done } | { status: "error"; error: Refusal };

async function done<Done>(answer: Promise<Answer<Done, unknown>>): Promise<Done> {
  const settled = await answer;
  if (settled.status === "error") throw new Refused(settled.error);
  return settled.data;
}

export class TauriBackend implements Backend {
  async boot(): Promise<Boot> {
    return (await done(commands.boot())) as Boot;
  }

  async listen(listener: Listener): Promise<() => void> {
    const ends = await Promise.all([
      events.pictureEvent.listen(({ payload }) => listener.picture(payload.snapshot, payload.exchange)),
      events.noticeEvent.listen(({ payload }) => listener.notice(payload)),
      events.marksEvent.listen(({ payload }) => listener.marks(payload)),
    ]);
    return () => ends.forEach((end) => end());
  }

  review(draft: Settings): Promise<Review> {
    return done(commands.review(draft));
  }

  async apply(draft: Settings, confirmed: boolean): Promise<Outcome<Applied, ApplyError>> {
    const answer = await commands.apply(draft, confirmed);
    return answer.status === "ok" ? { ok: true, value: answer.data } : { ok: false, refusal: answer.error };
  }

  async command(command: Command): Promise<void> {
    await done(commands.order(command));
  }

  async chooseDevice(choice: DeviceChoice): Promise<void> {
    await done(commands.chooseDevice(choice));
  }

  async exchange(port: PortId, act: LineAct): Promise<void> {
    await done(commands.actOnLine(port, act));
  }

  recentMarks(port: PortId): Promise<Mark[]> {
    return done(commands.recentMarks(port));
  }
}
