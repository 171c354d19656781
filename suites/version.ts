/** Version of the suites (X09 §4.1), independent of the program's. */
export const SUITE_VERSION = "1.0.0";
