/** Which sections a target's capabilities ask for (X09 §5). */

/** Capability prefix and the section that judges it; the longest prefix wins. */
const SECTION_OF: readonly (readonly [prefix: string, section: string])[] = [
  ["chat.thread.", "services/group_chat"],
  ["chat.", "services/chat"],
  ["market.", "services/market"],
  ["embed.", "services/embedding"],
  ["rerank.", "services/embedding"],
  ["img.", "services/embedding"],
  ["ocr.", "services/ocr"],
  ["trans.", "services/translation"],
  ["stt.", "services/stt_tts"],
  ["tts.", "services/stt_tts"],
  ["federation.", "federation"],
  ["experimental.distributed_llm.", "experimental/distributed_inference"],
  ["experimental.moe.", "experimental/moe"],
  ["experimental.fedlearn.", "experimental/fedlearn"],
  ["evidence.", "experimental/evidence"],
  ["civdef.", "experimental/civdef"],
];

/** Sections named by advertised capabilities, in catalogue order; core is not among them. */
export function requestedSections(capabilities: readonly string[]): string[] {
  const asked = new Set(capabilities.map((name) => SECTION_OF.find(([prefix]) => name.startsWith(prefix))?.[1]));
  return [...new Set(SECTION_OF.map(([, section]) => section))].filter((section) => asked.has(section));
}
