// A telephone that answers whatever calls it: enough of SIP (RFC 3261) over UDP to let a ringing line be answered, and to hang up.
import { createHash, randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";

const SDP = (port) =>
  ["v=0", "o=phone 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", `m=audio ${port} RTP/AVP 8`, "a=rtpmap:8 PCMA/8000", ""].join("\r\n");

const md5 = (text) => createHash("md5").update(text).digest("hex");

/** How long a registrar may take. */
const PATIENCE_MS = 5_000;

/** Rings for `ringing_ms`, then answers. `invites` are the URIs it was called by; `byes` counts the BYEs, `packets` the audio that came. */
export async function phone(ringing_ms) {
  const socket = createSocket("udp4");
  const media = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  media.bind(0, "127.0.0.1");
  await Promise.all([once(socket, "listening"), once(media, "listening")]);
  const self = { port: socket.address().port, invites: [], byes: 0, packets: 0 };
  const known = new Set();

  // What is said comes back: audio flows both ways for as long as the call is up.
  media.on("message", (packet, from) => {
    self.packets += 1;
    media.send(packet, from.port, from.address);
  });

  socket.on("message", (bytes, from) => {
    const request = bytes.toString();
    if (request.startsWith("SIP/2.0 ")) return answered(request);
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
  let answered = () => {};
  const ask = (server, request) =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error("the registrar does not answer")), PATIENCE_MS);
      answered = (answer) => {
        clearTimeout(late);
        resolve(answer);
      };
      socket.send(request, server.port, server.host);
    });

  /** Registers as a softphone does, with what a person typed (RFC 3261 §10, digest after RFC 7616 with MD5). Answers the final status. */
  self.register = async (server, user, secret) => {
    const uri = `sip:${server.host}`;
    const callId = randomBytes(8).toString("hex");
    const request = (cseq, extra = []) =>
      [
        `REGISTER ${uri} SIP/2.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:${self.port};branch=z9hG4bK${randomBytes(6).toString("hex")};rport`,
        "Max-Forwards: 70",
        `From: <sip:${user}@${server.host}>;tag=${callId}`,
        `To: <sip:${user}@${server.host}>`,
        `Call-ID: ${callId}`,
        `CSeq: ${cseq} REGISTER`,
        `Contact: <sip:${user}@127.0.0.1:${self.port}>`,
        "Expires: 300",
        ...extra,
        "Content-Length: 0",
        "",
        "",
      ].join("\r\n");
    const challenge = await ask(server, request(1));
    const part = (name) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? "";
    const cnonce = randomBytes(8).toString("hex");
    const response = md5(`${md5(`${user}:${part("realm")}:${secret}`)}:${part("nonce")}:00000001:${cnonce}:auth:${md5(`REGISTER:${uri}`)}`);
    const credentials =
      `Authorization: Digest username="${user}", realm="${part("realm")}", nonce="${part("nonce")}", uri="${uri}", ` +
      `response="${response}", algorithm=MD5, cnonce="${cnonce}", qop=auth, nc=00000001`;
    return Number((await ask(server, request(2, [credentials]))).split(" ")[1]);
  };

  self.end = () => {
    socket.close();
    media.close();
  };
  return self;
}
