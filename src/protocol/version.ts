/** Capability versions. CONTRACT §2.1. */

/** `major.minor` without leading zeros. */
export const VERSION_PATTERN = /^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$/;

export interface Version {
  readonly major: number;
  readonly minor: number;
}

/** Parses `major.minor`, or undefined if the text is anything else. */
export function parseVersion(text: unknown): Version | undefined {
  if (typeof text !== "string") return undefined;
  const match = VERSION_PATTERN.exec(text);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}

/** Whether an offered version serves a requested one: same major, minor at least as high, compared as integers. */
export function serves(offered: Version, requested: Version): boolean {
  return offered.major === requested.major && offered.minor >= requested.minor;
}
