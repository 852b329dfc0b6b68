/** The SIP messages while somebody looks at them: asked for again and again, and forgotten when nobody does. */
import type { SipMessages } from "../ipc/sip_trace";
import type { SipMessage, SipOwner } from "../ipc/types";
import { Asking } from "./asking.svelte";

/** Messages that the window keeps, as many as the program; the oldest go first. */
export const KEPT_MESSAGES = 512;

export class SipTraceView extends Asking {
  messages: readonly SipMessage[] = $state.raw([]);
  /** Messages that the program does not keep any more. */
  gone: number = $state(0);
  #program: SipMessages;
  /** How much the program had told of whose messages are. */
  #ownersTold: number | null = null;

  constructor(program: SipMessages) {
    super();
    this.#program = program;
  }

  protected override async take(): Promise<void> {
    const { messages, owners, owners_told, gone } = await this.#program.ask({ after: this.messages.at(-1)?.number ?? null, owners_after: this.#ownersTold });
    this.#ownersTold = owners_told;
    const known = owners.length > 0 ? owned(this.messages, owners) : this.messages;
    if (messages.length > 0 || known !== this.messages) this.messages = [...known, ...messages].slice(-KEPT_MESSAGES);
    this.gone = gone;
  }
}

/** What the program learnt later: whose messages are that it told before. */
function owned(messages: readonly SipMessage[], owners: readonly SipOwner[]): readonly SipMessage[] {
  const of = new Map(owners.map((owner) => [owner.call_id, owner]));
  return messages.map((message) => {
    const owner = of.get(message.call_id);
    return owner ? { ...message, port: owner.port, call: owner.call } : message;
  });
}
