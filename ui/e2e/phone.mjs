// A telephone that answers whatever calls it: enough of SIP (RFC 3261) over UDP to let a ringing line be answered, and to hang up.
import { createSocket } from "node:dgram";
import { once } from "node:events";

const SDP = (port) =>
  ["v=0", "o=phone 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", `m=audio ${port} RTP/AVP 8`, "a=rtpmap:8 PCMA/8000", ""].join("\r\n");

/** Rings for `ringing_ms`, then answers. `calls` counts the INVITEs; `byes` the BYEs. */
export async function phone(ringing_ms) {
  const socket = createSocket("udp4");
  const media = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  media.bind(0, "127.0.0.1");
  await Promise.all([once(socket, "listening"), once(media, "listening")]);
  const self = { port: socket.address().port, invites: [], byes: 0 };
  const known = new Set();

  // What is said comes back: audio flows both ways for as long as the call is up.
  media.on("message", (packet, from) => media.send(packet, from.port, from.address));

  socket.on("message", (bytes, from) => {
    const request = bytes.toString();
    const header = (name) => new RegExp(`^${name}\\s*:\\s*(.*)$`, "im").exec(request)?.[1]?.trim() ?? "";
    const all = (name) => [...request.matchAll(new RegExp(`^${name}\\s*:\\s*(.*)$`, "gim"))].map(([, value]) => value.trim());
    const answer = (status, extra = [], body = "") => {
      const to = /;tag=/.test(header("To")) || status === "100 Trying" ? header("To") : `${header("To")};tag=phone`;
      const lines = [
        `SIP/2.0 ${status}`,
        ...all("Via").map((via) => `Via: ${via}`),
        ...all("Record-Route").map((route) => `Record-Route: ${route}`),
        `From: ${header("From")}`,
        `To: ${to}`,
        `Call-ID: ${header("Call-ID")}`,
        `CSeq: ${header("CSeq")}`,
        ...extra,
        `Content-Length: ${body.length}`,
        "",
        body,
      ];
      socket.send(lines.join("\r\n"), from.port, from.address);
    };
    const contact = `Contact: <sip:phone@127.0.0.1:${self.port}>`;
    const [method, uri] = request.split(" ");
    if (method === "INVITE") {
      if (known.has(header("Call-ID"))) return;
      known.add(header("Call-ID"));
      self.invites.push(uri);
      answer("100 Trying");
      answer("180 Ringing", [contact]);
      setTimeout(() => answer("200 OK", [contact, "Content-Type: application/sdp"], SDP(media.address().port)), ringing_ms);
    } else if (method === "BYE") {
      self.byes += 1;
      answer("200 OK");
    } else if (method === "OPTIONS" || method === "CANCEL") {
      answer("200 OK");
    }
  });
  self.end = () => {
    socket.close();
    media.close();
  };
  return self;
}
