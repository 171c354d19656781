/** What an executable file is made for. */

const MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const CLASS_AT = 4;
const CLASS_64 = 2;
const DATA_AT = 5;
const LITTLE_ENDIAN = 1;
const MACHINE_AT = 18;
const LEAST_BYTES = 20;

/** `e_machine` of a 64-bit little-endian ELF file (System V ABI, chapter 4); undefined for everything else. */
export function elfMachine(bytes: Uint8Array): number | undefined {
  if (bytes.length < LEAST_BYTES || MAGIC.some((byte, at) => bytes[at] !== byte)) return undefined;
  if (bytes[CLASS_AT] !== CLASS_64 || bytes[DATA_AT] !== LITTLE_ENDIAN) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint16(MACHINE_AT, true);
}
