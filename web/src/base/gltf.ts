/** A .gltf text with its buffers in it, as the binary form that needs nothing else. */

import { asNumber, asRecord, asString } from "./parse";

/** Raises an Error that names a buffer that lies elsewhere. */
export function selfContained(text: string): ArrayBuffer {
  const json = asRecord(JSON.parse(text));
  if (!json) throw new Error("The file is no glTF: it is not a JSON object.");
  const buffers = Array.isArray(json["buffers"]) ? json["buffers"].map(asRecord) : [];
  const parts: Uint8Array[] = [];
  const starts: number[] = [];
  let size = 0;
  for (const buffer of buffers) {
    const uri = asString(buffer?.["uri"]) ?? "";
    const found = /^data:[^,]*;base64,(.*)$/s.exec(uri);
    if (!found) throw new Error(`The model needs another file, “${uri.slice(0, 80)}”, which was not logged. Log it as one .glb file.`);
    const bytes = Uint8Array.from(atob(found[1] ?? ""), (char) => char.charCodeAt(0));
    starts.push(size);
    parts.push(bytes);
    size += aligned(bytes.length);
  }
  const views = Array.isArray(json["bufferViews"]) ? json["bufferViews"].map(asRecord) : [];
  const moved = views.map((view) => ({
    ...view,
    buffer: 0,
    byteOffset: (asNumber(view?.["byteOffset"]) ?? 0) + (starts[asNumber(view?.["buffer"]) ?? 0] ?? 0),
  }));
  const whole = { ...json, ...(views.length > 0 && { bufferViews: moved }), ...(size > 0 && { buffers: [{ byteLength: size }] }) };
  return packed(whole, parts, starts, size);
}

function packed(json: object, parts: readonly Uint8Array[], starts: readonly number[], size: number): ArrayBuffer {
  const head = new TextEncoder().encode(JSON.stringify(json));
  const headSize = aligned(head.length);
  const total = 12 + 8 + headSize + (size > 0 ? 8 + size : 0);
  const out = new ArrayBuffer(total);
  const [view, bytes] = [new DataView(out), new Uint8Array(out)];
  [0x46546c67, 2, total, headSize, 0x4e4f534a].forEach((word, at) => view.setUint32(at * 4, word, true));
  bytes.fill(0x20, 20, 20 + headSize);
  bytes.set(head, 20);
  if (size > 0) {
    const at = 20 + headSize;
    view.setUint32(at, size, true);
    view.setUint32(at + 4, 0x004e4942, true);
    parts.forEach((part, i) => bytes.set(part, at + 8 + (starts[i] ?? 0)));
  }
  return out;
}

function aligned(bytes: number): number {
  return (bytes + 3) & ~3;
}
