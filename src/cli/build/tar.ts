/** Tar archives with nothing in them that differs from build to build (POSIX ustar, IEEE Std 1003.1 "pax"). */

const BLOCK = 512;
const MAX_NAME = 100;
const USTAR_MAGIC_AT = 257;
const CHECKSUM_AT = 148;
const CHECKSUM_LENGTH = 8;
const TYPE_AT = 156;
const SIZE_AT = 124;
const SIZE_LENGTH = 12;
const FILE_MODE = 0o644;
const PROGRAM_MODE = 0o755;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One regular file of an archive. */
export interface TarFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** May be started. */
  readonly program?: boolean;
}

/**
 * An archive of the files in the given order, all of owner 0 and time 0.
 *
 * @throws {RangeError} If a name is longer than 100 bytes.
 */
export function tarOf(files: readonly TarFile[]): Uint8Array {
  const blocks = (size: number) => Math.ceil(size / BLOCK) * BLOCK;
  const total = files.reduce((sum, { bytes }) => sum + BLOCK + blocks(bytes.length), 2 * BLOCK);
  const archive = new Uint8Array(total);
  let at = 0;
  for (const file of files) {
    archive.set(headerOf(file), at);
    archive.set(file.bytes, at + BLOCK);
    at += BLOCK + blocks(file.bytes.length);
  }
  return archive;
}

function headerOf({ name, bytes, program }: TarFile): Uint8Array {
  if (encoder.encode(name).length > MAX_NAME) throw new RangeError(`Cannot archive ${name}: the name is too long`);
  const header = new Uint8Array(BLOCK);
  const put = (offset: number, text: string) => header.set(encoder.encode(text), offset);
  const octal = (value: number, length: number) => value.toString(8).padStart(length - 1, "0") + "\0";
  put(0, name);
  put(100, octal(program === true ? PROGRAM_MODE : FILE_MODE, 8));
  put(108, octal(0, 8));
  put(116, octal(0, 8));
  put(SIZE_AT, octal(bytes.length, SIZE_LENGTH));
  put(136, octal(0, 12));
  put(TYPE_AT, "0");
  put(USTAR_MAGIC_AT, "ustar\x0000");
  // The sum counts its own field as blanks.
  put(CHECKSUM_AT, " ".repeat(CHECKSUM_LENGTH));
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(CHECKSUM_AT, sum.toString(8).padStart(6, "0") + "\0 ");
  return header;
}

/**
 * The regular file of this name.
 *
 * @throws {RangeError} If the archive ends before it.
 */
export function fileOfTar(archive: Uint8Array, name: string): Uint8Array {
  for (let at = 0; at + BLOCK <= archive.length;) {
    const text = (offset: number, length: number) => {
      const field = archive.subarray(at + offset, at + offset + length);
      const end = field.indexOf(0);
      return decoder.decode(end < 0 ? field : field.subarray(0, end));
    };
    const size = Number.parseInt(text(SIZE_AT, SIZE_LENGTH).trim() || "0", 8);
    const start = at + BLOCK;
    if (!Number.isSafeInteger(size) || start + size > archive.length) break;
    if (text(0, MAX_NAME) === name && ["0", "\0", ""].includes(text(TYPE_AT, 1))) {
      return archive.subarray(start, start + size);
    }
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new RangeError(`Cannot find ${name} in the archive`);
}
